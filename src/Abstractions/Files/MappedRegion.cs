namespace Mortise.Files;

/// <summary>A read-only mapping of part of a file.</summary>
/// <remarks>
/// <para>Buffers: <see cref="Span"/> is valid until <see cref="Dispose()"/>; using it later is undefined. The owner
/// keeps one region for the life of a segment and releases it when no reader can hold its bytes.</para>
/// <para>Writes to the file through <see cref="IStorageFile"/> are visible in the region. Shrinking the file below the
/// region is forbidden while it is mapped.</para>
/// </remarks>
public abstract class MappedRegion : IDisposable
{
    /// <summary>Length of the mapping in bytes; a region may exceed 2 GiB.</summary>
    public abstract long Length { get; }

    /// <summary>Part of the mapped bytes.</summary>
    /// <param name="offset">Start within the region, 0 to <see cref="Length"/>.</param>
    /// <param name="length">Bytes; offset + length must not exceed <see cref="Length"/>.</param>
    public abstract ReadOnlySpan<byte> Span(long offset, int length);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the mapping; called once or more.</summary>
    protected abstract void Dispose(bool disposing);
}
