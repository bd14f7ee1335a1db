using Mortise.Components;

namespace Mortise.Records;

/// <summary>An append-only store of opaque records, addressed by location.</summary>
/// <remarks>
/// <para>Role: holds the bodies. A deterministic state machine over the log: it plans where records go, the commit with
/// those places is logged, and then the batch is applied, now or at recovery.</para>
/// <para>Threads: <see cref="Plan"/>, <see cref="Apply"/> and the part of <see cref="CheckpointAsync"/> before its
/// first await from the store's writer only; reads, scans and properties from any thread, without waiting for the
/// writer.</para>
/// <para>Buffers: spans handed in are read before the call returns; spans handed out die with their lease or when the
/// sink returns.</para>
/// <para>Recovery laws: (1) <see cref="DurableLsn"/> says how far what is on disk has got, and is never ahead of it;
/// (2) after open the store holds exactly the state at <see cref="DurableLsn"/>, and <see cref="AppliedLsn"/> equals
/// it; (3) applying the batches after it, in order, gives the state before the crash; (4) a batch at or below
/// <see cref="AppliedLsn"/> is ignored; (5) files that are torn, missing or foreign are a typed error at open, because
/// records cannot be rebuilt from anywhere: never a silent loss.</para>
/// <para>Deletion is logical: a deleted record stays readable by location until its space is reclaimed, which the
/// engine asks for only when no reader and no index entry can name it.</para>
/// </remarks>
public interface IRecordStore : IStorageComponent
{
    /// <summary>The last batch applied.</summary>
    Lsn AppliedLsn { get; }

    /// <summary>The last batch whose effect survives a power cut without the log.</summary>
    Lsn DurableLsn { get; }

    /// <summary>The largest record, in bytes.</summary>
    int MaxRecordBytes { get; }

    /// <summary>Counts and sizes of the applied state.</summary>
    RecordStoreStatistics Statistics { get; }

    /// <summary>Says where records of these lengths will go if they are applied next. Changes nothing.</summary>
    /// <param name="lengths">Record lengths in order, each 1 to <see cref="MaxRecordBytes"/>.</param>
    /// <param name="locations">Receives as many locations, strictly increasing, each above every location that a record
    /// was put at; none is below that of a record of 1 byte in its place.</param>
    /// <exception cref="ArgumentOutOfRangeException">A length is out of bounds. Nothing changed.</exception>
    void Plan(ReadOnlySpan<int> lengths, Span<RecordLocation> locations);

    /// <summary>Applies one commit: puts at planned locations, deletes by location.</summary>
    /// <remarks>Readers see it when the call returns. Deleting what is deleted already, or putting what is there
    /// already, is ignored, so that replay is idempotent.</remarks>
    void Apply(in RecordBatch batch);

    /// <summary>Gives access to one record in place.</summary>
    /// <param name="location">A location that <see cref="Plan"/> gave out and <see cref="Apply"/> filled.</param>
    /// <returns>The lease; dispose it after the last use of its bytes.</returns>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.NotFound"/> for a location that never was or was
    /// reclaimed; <see cref="StorageErrorCode.Corrupt"/> when the bytes fail their checksum.</exception>
    RecordLease Read(RecordLocation location);

    /// <summary>Reads many records in one call; cheapest when the locations are sorted.</summary>
    /// <param name="locations">Locations in any order, duplicates allowed; the sink sees them in this order.</param>
    /// <param name="sink">Stops by returning false.</param>
    /// <exception cref="StorageException">As <see cref="Read"/>.</exception>
    void ReadMany<TSink>(ReadOnlySpan<RecordLocation> locations, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct;

    /// <summary>Pushes all records that are live when they are reached, in location order.</summary>
    /// <param name="direction">Ascending or descending locations.</param>
    /// <param name="sink">Stops by returning false.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Corrupt"/> at the first record that fails its
    /// checksum; examine the store to learn what is affected.</exception>
    void Scan<TSink>(ScanDirection direction, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct;

    /// <summary>Makes the applied state durable.</summary>
    /// <remarks>The state at the moment of the call is captured before the returned task is handed back: batches may be
    /// applied while it is pending, and are not part of it. Completes with <see cref="DurableLsn"/> at least the
    /// <see cref="AppliedLsn"/> of that moment. Writes nothing when nothing changed since the last one.</remarks>
    ValueTask CheckpointAsync(CancellationToken cancellation = default);
}
