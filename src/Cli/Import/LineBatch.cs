using System.Buffers;

namespace Mortise.Cli.Import;

/// <summary>Some whole lines of an input, in one buffer.</summary>
/// <remarks>Disposal returns the buffer; no line may be used after that.</remarks>
internal sealed class LineBatch : IDisposable
{
    private readonly List<(int Start, int Length, long Number)> _lines = [];
    private byte[] _buffer;

    /// <summary>Makes a batch over a rented buffer, which it owns from now on.</summary>
    public LineBatch(byte[] buffer) => _buffer = buffer;

    /// <summary>Number of lines.</summary>
    public int Count => _lines.Count;

    /// <summary>Lines that were dropped because they were too long, by number.</summary>
    public List<long> TooLong { get; } = [];

    /// <summary>The bytes of a line without its end.</summary>
    public ReadOnlyMemory<byte> Line(int index) => _buffer.AsMemory(_lines[index].Start, _lines[index].Length);

    /// <summary>The line's number in its input, from 1.</summary>
    public long Number(int index) => _lines[index].Number;

    /// <summary>Adds a line.</summary>
    public void Add(int start, int length, long number) => _lines.Add((start, length, number));

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }
}
