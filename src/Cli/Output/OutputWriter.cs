using System.Buffers;
using System.Globalization;
using System.Text;

namespace Mortise.Cli.Output;

/// <summary>Buffers bytes for standard output and writes them in large pieces.</summary>
/// <remarks>One thread at a time. Nothing is written before the buffer is full or <see cref="Flush"/> is
/// called.</remarks>
internal sealed class OutputWriter(Stream to) : IBufferWriter<byte>, IDisposable
{
    private const int FlushBytes = 64 << 10;

    private readonly ArrayBufferWriter<byte> _buffer = new(2 * FlushBytes);

    /// <summary>Writes bytes as they are.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        _buffer.Write(bytes);
        FlushWhenFull();
    }

    /// <summary>Writes text as UTF-8.</summary>
    public void Write(string text)
    {
        Encoding.UTF8.GetBytes(text, _buffer);
        FlushWhenFull();
    }

    /// <summary>Writes a whole number in decimal.</summary>
    public void Write(long number)
    {
        number.TryFormat(_buffer.GetSpan(20), out int written, default, CultureInfo.InvariantCulture);
        _buffer.Advance(written);
    }

    /// <summary>Writes bytes as lower-case hexadecimal.</summary>
    public void WriteHex(ReadOnlySpan<byte> bytes)
    {
        Convert.TryToHexStringLower(bytes, _buffer.GetSpan(2 * bytes.Length), out int written);
        _buffer.Advance(written);
    }

    /// <summary>Ends the line.</summary>
    public void EndLine() => Write("\n"u8);

    /// <summary>Writes a line of text.</summary>
    public void Line(string text)
    {
        Write(text);
        EndLine();
    }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        _buffer.Advance(count);
        FlushWhenFull();
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0) => _buffer.GetMemory(sizeHint);

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => _buffer.GetSpan(sizeHint);

    /// <summary>Hands everything to the stream below.</summary>
    public void Flush()
    {
        to.Write(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
        to.Flush();
    }

    /// <summary>Flushes.</summary>
    public void Dispose() => Flush();

    private void FlushWhenFull()
    {
        if (_buffer.WrittenCount >= FlushBytes)
        {
            Flush();
        }
    }
}
