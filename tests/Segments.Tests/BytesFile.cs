using Mortise.Files;

namespace Mortise.Segments.Tests;

/// <summary>Bytes as a file that is only read.</summary>
internal sealed class BytesFile(byte[] bytes) : IStorageFile
{
    public string Path => "bytes";

    public long Length => bytes.Length;

    public bool IsPoisoned => false;

    public int Read(Span<byte> to, long offset)
    {
        ReadOnlySpan<byte> rest = bytes.AsSpan((int)Math.Min(offset, bytes.Length));
        int count = Math.Min(rest.Length, to.Length);
        rest[..count].CopyTo(to);
        return count;
    }

    public void Write(ReadOnlySpan<byte> from, long offset) => throw new NotSupportedException();

    public void SetLength(long length) => throw new NotSupportedException();

    public void PunchHole(long offset, long length) => throw new NotSupportedException();

    public void Sync(SyncKind kind) => throw new NotSupportedException();

    public bool TryMap(long offset, long length, out MappedRegion? region)
    {
        region = null;
        return false;
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}
