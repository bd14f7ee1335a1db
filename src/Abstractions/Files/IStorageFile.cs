namespace Mortise.Files;

/// <summary>An open file with positional reads and writes and an honest sync.</summary>
/// <remarks>
/// <para>Threads: reads and writes of disjoint ranges from any thread; overlapping writes have no order.</para>
/// <para>Buffers: spans are used during the call and never kept.</para>
/// <para>Errors: the first failed <see cref="Sync"/> poisons the file: it throws
/// <see cref="StorageErrorCode.SyncFailed"/>, and every later write or sync through any handle of this open file throws
/// <see cref="StorageErrorCode.Faulted"/>. No retry can be told apart from a lie (Rebello et al., "Can Applications
/// Recover from fsync Failures?", USENIX ATC 2020).</para>
/// </remarks>
public interface IStorageFile : IDisposable
{
    /// <summary>The file's path below the store's root, for messages.</summary>
    string Path { get; }

    /// <summary>The length in bytes, including what is not yet durable.</summary>
    long Length { get; }

    /// <summary>True after a failed sync.</summary>
    bool IsPoisoned { get; }

    /// <summary>Reads up to the buffer's length.</summary>
    /// <param name="to">The buffer to fill.</param>
    /// <param name="offset">Byte offset in the file, 0 and up.</param>
    /// <returns>Bytes read; fewer than asked only at the end of the file.</returns>
    int Read(Span<byte> to, long offset);

    /// <summary>Writes all of the buffer, extending the file where needed.</summary>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.NoSpace"/> or <see cref="StorageErrorCode.Io"/>:
    /// any prefix may have been written.</exception>
    void Write(ReadOnlySpan<byte> from, long offset);

    /// <summary>Cuts or extends the file; new bytes read as zero.</summary>
    void SetLength(long length);

    /// <summary>Makes a range read as zero and gives its space back where the device can.</summary>
    void PunchHole(long offset, long length);

    /// <summary>Asks the system to begin to bring a range that was written to the device, so that a later <see cref="Sync"/>
    /// finds less to do. Promises nothing, waits for nothing but a full queue of the device, and never fails: what goes wrong
    /// shows at the sync.</summary>
    /// <param name="offset">Start in the file, 0 and up.</param>
    /// <param name="length">Bytes, 0 and up.</param>
    void BeginWriteback(long offset, long length)
    {
    }

    /// <summary>Returns when everything written before the call survives a power cut.</summary>
    /// <param name="kind">What has to be durable besides the bytes.</param>
    void Sync(SyncKind kind);

    /// <summary>Maps a range for reading.</summary>
    /// <param name="offset">Start in the file, any value from 0.</param>
    /// <param name="length">Bytes, at least 1; the range must lie within the file and stay there while mapped.</param>
    /// <param name="region">The mapping; the caller disposes it after the last use of its span.</param>
    /// <returns>False when the device cannot map; then read instead.</returns>
    bool TryMap(long offset, long length, out MappedRegion? region);
}
