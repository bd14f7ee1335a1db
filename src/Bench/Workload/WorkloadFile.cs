using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;

namespace Mortise.Bench.Workload;

/// <summary>The events of a workload, mapped.</summary>
/// <remarks>Threads: any number of readers. Spans die with the file.</remarks>
public sealed unsafe class WorkloadFile : IDisposable
{
    /// <summary>The file's name within a workload's folder.</summary>
    public const string FileName = "events.bin";

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _bytes;
    private readonly long _length;
    private readonly string _path;

    private WorkloadFile(string path, long length, long? most)
    {
        _path = path;
        _length = length;
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _bytes);
        var header = new ReadOnlySpan<byte>(_bytes, WorkloadFormat.HeaderBytes);
        Seed = BinaryPrimitives.ReadUInt64LittleEndian(header[WorkloadFormat.SeedOffset..]);
        long count = BinaryPrimitives.ReadInt64LittleEndian(header[WorkloadFormat.CountOffset..]);
        Count = Math.Min(count, most ?? long.MaxValue);
        BodyBytes = length - WorkloadFormat.HeaderBytes - (count * sizeof(uint));
    }

    /// <summary>How many events are read.</summary>
    public long Count { get; }

    /// <summary>The seed of the file.</summary>
    public ulong Seed { get; }

    /// <summary>Bytes of all bodies in the file.</summary>
    public long BodyBytes { get; }

    /// <summary>Opens the events of a folder.</summary>
    /// <param name="folder">Where <see cref="FileName"/> is.</param>
    /// <param name="most">Reads at most this many events; null for all.</param>
    /// <exception cref="InvalidDataException">Not such a file.</exception>
    public static WorkloadFile Open(string folder, long? most = null)
    {
        string path = Path.Combine(folder, FileName);
        long length = new FileInfo(path).Length;
        Span<byte> magic = stackalloc byte[WorkloadFormat.EventsMagic.Length];
        using (FileStream stream = File.OpenRead(path))
        {
            if (length < WorkloadFormat.HeaderBytes
                || stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) < magic.Length
                || !magic.SequenceEqual(WorkloadFormat.EventsMagic))
            {
                throw new InvalidDataException($"'{path}' is no file of workload events");
            }
        }

        return new WorkloadFile(path, length, most);
    }

    /// <summary>Reads the event at a position and moves to the next one.</summary>
    /// <param name="position">A byte offset: 0 for the first event.</param>
    /// <exception cref="InvalidDataException">The file ends within the event, or the event is damaged.</exception>
    internal WorkloadEvent Read(ref long position)
    {
        position = Math.Max(position, WorkloadFormat.HeaderBytes);
        long body = position + sizeof(uint);
        uint length = body <= _length
            ? BinaryPrimitives.ReadUInt32LittleEndian(new ReadOnlySpan<byte>(_bytes + position, sizeof(uint)))
            : uint.MaxValue;
        if (length > int.MaxValue || body + length > _length)
        {
            throw new InvalidDataException($"'{_path}' ends within the event at byte {position}");
        }

        position = body + length;
        return WorkloadEvent.Open(new ReadOnlySpan<byte>(_bytes + body, (int)length));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
