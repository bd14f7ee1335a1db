namespace Mortise.Records;

/// <summary>Capability of an <see cref="IRecordStore"/> that writes bodies to their places before the commit that puts them
/// is logged, so that the log need only refer to them: a body is written once.</summary>
/// <remarks>
/// <para>Role: the engine asks for it group by group. What is staged is with the operating system when the call returns, but
/// is no part of the store: no read, scan, count or checkpoint knows it. Then the commits are logged with a
/// <see cref="StagedRecord"/> and its check in place of each body, and applied with the bodies as ever; the store takes what
/// it has staged instead of writing it again. What is not applied next is dropped by <see cref="Unstage"/>.</para>
/// <para>Recovery: the examiner of the component offers <see cref="IStagedRecords"/>, which says whether a staged record is
/// whole. So a store that was opened keeps what lies behind its own state until <see cref="Unstage"/> or
/// <see cref="TryStage"/> is called for the first time, wherever replayed batches are written meanwhile.</para>
/// <para>Threads: as <see cref="IRecordStore.Apply"/>; <see cref="SyncStaged"/> from any thread, and it blocks.</para>
/// <para>Buffers: spans are read before the call returns.</para>
/// </remarks>
public interface IRecordStaging
{
    /// <summary>Writes records to the places that <see cref="IRecordStore.Plan"/> gave them.</summary>
    /// <param name="arena">The bytes that <paramref name="records"/> point into.</param>
    /// <param name="records">All records of the plan, in its order; their commits follow each other and the last batch
    /// applied.</param>
    /// <param name="checks">Receives as many checks: <see cref="IStagedReader.TryRead"/> wants them back.</param>
    /// <returns>False when the store would rather not: nothing is staged, and the bodies go into the log. It says so whenever it
    /// cannot keep the promise cheaply, such as in a segment that is compressed or full, or on a device without space.
    /// </returns>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Faulted"/> after a failed sync.</exception>
    bool TryStage(ReadOnlySpan<byte> arena, ReadOnlySpan<StagedRecord> records, Span<ulong> checks);

    /// <summary>Drops what was staged and not applied, and what an earlier life left behind the store's end: no scan, salvage
    /// or later opening finds it.</summary>
    void Unstage();

    /// <summary>Returns when all that was staged or applied before the call survives a power cut at its place. It does not
    /// move <see cref="IRecordStore.DurableLsn"/>.</summary>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.SyncFailed"/>: the store is faulted until it is
    /// reopened.</exception>
    void SyncStaged();
}
