using Mortise.Files;

namespace Mortise.Host.Files;

/// <summary>A read-only mapping made by mmap.</summary>
/// <remarks>It has no finalizer on purpose: a span of it keeps nothing alive, so a region that is forgotten while its
/// bytes are read must leak rather than be unmapped under the reader.</remarks>
internal sealed unsafe class PosixRegion(nint address, nint size, long lead, long mapped) : MappedRegion
{
    private nint _address = address;

    public override long Length => mapped;

    public override ReadOnlySpan<byte> Span(long offset, int length)
    {
        nint start = _address;
        ObjectDisposedException.ThrowIf(start == 0, this);
        if ((ulong)offset > (ulong)mapped || (ulong)length > (ulong)(mapped - offset))
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset), $"{length} bytes at {offset} are not within the {mapped} bytes mapped");
        }

        return new ReadOnlySpan<byte>((byte*)start + lead + offset, length);
    }

    protected override void Dispose(bool disposing)
    {
        nint start = Interlocked.Exchange(ref _address, 0);
        if (start != 0 && Posix.Unmap(start, size) != 0)
        {
            throw PosixError.Of("unmap", "", PosixError.Last);
        }
    }
}
