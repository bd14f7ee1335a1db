using Mortise.Files;

namespace Mortise.Conformance;

/// <summary>A mapping: one buffer for its whole life, kept equal to the file, overwritten when it ends.</summary>
internal sealed class SimRegion : MappedRegion
{
    private const byte Poison = 0xDD;

    private readonly SimDisk _disk;
    private readonly SimInode _inode;
    private readonly byte[] _bytes;
    private bool _disposed;

    public SimRegion(SimDisk disk, SimInode inode, long offset, int length)
    {
        _disk = disk;
        _inode = inode;
        Offset = offset;
        _bytes = new byte[length];
        Refresh();
    }

    public long Offset { get; }

    public override long Length => _bytes.Length;

    public override ReadOnlySpan<byte> Span(long offset, int length)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, _bytes.Length - length);
        return _bytes.AsSpan((int)offset, length);
    }

    public void Refresh() => Refresh(Offset, _bytes.Length);

    /// <summary>Takes over what changed in a range of the file.</summary>
    public void Refresh(long offset, long count)
    {
        long first = Math.Max(offset, Offset);
        long end = Math.Min(offset + count, Offset + _bytes.Length);
        if (first < end)
        {
            _inode.Cached.Read(_bytes.AsSpan((int)(first - Offset), (int)(end - first)), first);
        }
    }

    protected override void Dispose(bool disposing)
    {
        lock (_disk.Gate)
        {
            if (!_disposed)
            {
                _disposed = true;
                _inode.Regions.Remove(this);
                _bytes.AsSpan().Fill(Poison);
            }
        }
    }
}
