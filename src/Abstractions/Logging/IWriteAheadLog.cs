using Mortise.Components;

namespace Mortise.Logging;

/// <summary>An append-only, checksummed, sequentially numbered log of opaque payloads.</summary>
/// <remarks>
/// <para>Role: the only thing that makes a commit durable; everything else in a store can be rebuilt from it and from
/// the records it filled.</para>
/// <para>Threads: <see cref="Append"/> and <see cref="Truncate"/> from one thread at a time (the store's writer);
/// <see cref="SyncAsync"/>, <see cref="Replay{TSink}"/> and the properties from any thread. Concurrent syncs share one
/// device sync.</para>
/// <para>Buffers: a span handed in is read before the call returns and never kept; a span handed to a sink dies when
/// the sink returns.</para>
/// <para>Errors: a failed sync faults the log: it throws <see cref="StorageErrorCode.SyncFailed"/> and every later
/// append or sync throws <see cref="StorageErrorCode.Faulted"/> until the log is reopened. Nothing is ever reported
/// durable on the strength of a retry. A full device fails the append with <see cref="StorageErrorCode.NoSpace"/>,
/// keeps what was appended before, and does not fault.</para>
/// <para>Recovery laws: at open a torn tail (bytes after the last whole record that a crash can explain) is cut and
/// reported in <see cref="Recovery"/>; damage in front of a record that was synced is
/// <see cref="StorageErrorCode.Corrupt"/>, never cut. After an unclean stop the tail is rewritten and synced before it
/// is vouched for, because bytes may sit in the page cache that a failed sync has marked clean. After open
/// <see cref="DurableLsn"/> equals <see cref="LastLsn"/>.</para>
/// <para>Source: Mohan et al., "ARIES", ACM TODS 17(1), 1992; Rebello et al., USENIX ATC 2020.</para>
/// </remarks>
public interface IWriteAheadLog : IStorageComponent
{
    /// <summary>The oldest record that can be replayed; one past <see cref="LastLsn"/> when there is none.</summary>
    Lsn FirstLsn { get; }

    /// <summary>The newest record; <see cref="Lsn.None"/> before the first append of a new log.</summary>
    /// <remarks>Survives truncation of every record and any restart: the next append is always
    /// <c>LastLsn.Next</c>.</remarks>
    Lsn LastLsn { get; }

    /// <summary>Everything up to here survives a power cut. Never ahead of <see cref="LastLsn"/>, never moves
    /// back.</summary>
    Lsn DurableLsn { get; }

    /// <summary>The largest payload of one record, in bytes.</summary>
    int MaxPayloadBytes { get; }

    /// <summary>What opening the log found.</summary>
    LogRecoveryReport Recovery { get; }

    /// <summary>Counters since open and current sizes.</summary>
    LogStatistics Statistics { get; }

    /// <summary>Appends one record. It is not durable until a sync has covered it.</summary>
    /// <param name="payload">1 to <see cref="MaxPayloadBytes"/> bytes.</param>
    /// <returns>The record's LSN: the previous <see cref="LastLsn"/> plus one.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Empty or too long. Nothing was written.</exception>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.NoSpace"/>: the record is not in the log and
    /// never will be. <see cref="StorageErrorCode.Io"/>, <see cref="StorageErrorCode.Faulted"/>: whether it survives a
    /// crash is unknown, and the log is faulted.</exception>
    Lsn Append(ReadOnlySpan<byte> payload);

    /// <summary>Completes when every record up to <paramref name="through"/> survives a power cut.</summary>
    /// <param name="through">At most <see cref="LastLsn"/>.</param>
    /// <param name="cancellation">Stops the waiting, not the sync.</param>
    ValueTask SyncAsync(Lsn through, CancellationToken cancellation = default);

    /// <summary>Pushes records to a sink in order.</summary>
    /// <param name="from">The first record wanted; at least <see cref="FirstLsn"/>.</param>
    /// <param name="sink">Stops the replay by returning false. Its exceptions propagate unchanged.</param>
    /// <returns>The LSN after the last record that was pushed, or <paramref name="from"/>.</returns>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Truncated"/> when <paramref name="from"/> is
    /// behind <see cref="FirstLsn"/>; <see cref="StorageErrorCode.Corrupt"/> with segment and offset.</exception>
    Lsn Replay<TSink>(Lsn from, ref TSink sink)
        where TSink : struct, ILogSink, allows ref struct;

    /// <summary>Allows the log to drop records before <paramref name="keepFrom"/>. It may keep more.</summary>
    /// <param name="keepFrom">The first record still needed; at most <c>DurableLsn.Next</c>.</param>
    void Truncate(Lsn keepFrom);

    /// <summary>Discards every record and continues so that the next append gets <paramref name="next"/>.</summary>
    /// <remarks>For repair and for restoring a backup only: the caller vouches that all components hold everything
    /// before
    /// <paramref name="next"/>. Durable when it returns.</remarks>
    /// <param name="next">Greater than <see cref="LastLsn"/>.</param>
    void Restart(Lsn next);
}
