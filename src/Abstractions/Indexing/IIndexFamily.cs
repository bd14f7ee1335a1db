using Mortise.Components;

namespace Mortise.Indexing;

/// <summary>An ordered, persistent map of byte keys to small byte values: the structure behind an index.</summary>
/// <remarks>
/// <para>Role: one instance holds one index (or one partition of it). Keys sort by unsigned bytes, a prefix before its
/// extensions. What a key means is the projection's affair.</para>
/// <para>Threads: <see cref="Apply"/>, <see cref="ResetAsync"/> and the part of <see cref="CheckpointAsync"/> before
/// its first await from the store's writer only; <see cref="OpenSnapshot"/>, snapshots and properties from any thread.
/// Readers never wait for the writer, nor the writer for readers.</para>
/// <para>Buffers: spans handed in are read before the call returns and never kept; spans handed out die when the cursor
/// moves or the sink returns.</para>
/// <para>Recovery laws: (1) <see cref="DurableLsn"/> says how far what is on disk has got, and is never ahead of it;
/// (2) after open the map is exactly its state at <see cref="DurableLsn"/>; (3) replaying any suffix of the log that
/// begins at or before <c>DurableLsn.Next</c> gives the current state: mutations are absolute (set, remove), so
/// applying one twice changes nothing; (4) files that are torn, missing, foreign or of an unreadable format make
/// <see cref="DurableLsn"/> <see cref="Lsn.None"/> and the map empty, with a warning in the log: the engine then
/// rebuilds it from the records; a device error is thrown instead.</para>
/// </remarks>
public interface IIndexFamily : IStorageComponent
{
    /// <summary>Limits and promises of the structure.</summary>
    IndexTraits Traits { get; }

    /// <summary>The LSN of the last batch applied; <see cref="Lsn.None"/> when empty or being loaded.</summary>
    Lsn AppliedLsn { get; }

    /// <summary>The last batch whose effect survives a power cut without the log.</summary>
    Lsn DurableLsn { get; }

    /// <summary>Counts and sizes of the applied state; entry counts may be estimates.</summary>
    IndexStatistics Statistics { get; }

    /// <summary>Applies a batch.</summary>
    /// <param name="batch">Keys strictly ascending. Its LSN is greater than <see cref="AppliedLsn"/>, or
    /// <see cref="Lsn.None"/> while loading: then <see cref="AppliedLsn"/> stays as it is, so that a load that is cut
    /// short is never taken for a whole one.</param>
    /// <exception cref="ArgumentException">Keys out of order, the LSN is not greater, or a key or value is above the
    /// limits in <see cref="Traits"/>. Nothing was changed.</exception>
    void Apply(in IndexBatch batch);

    /// <summary>A view of the map after the last applied batch. Cheap; no I/O.</summary>
    /// <returns>The snapshot; the caller disposes it.</returns>
    IIndexSnapshot OpenSnapshot();

    /// <summary>Makes the applied state durable.</summary>
    /// <remarks>The state at the moment of the call is captured before the returned task is handed back: batches may be
    /// applied while it is pending, and are not part of it. At most one checkpoint is pending at a time. Writes nothing
    /// when nothing changed since the last one.</remarks>
    ValueTask CheckpointAsync(CancellationToken cancellation = default);

    /// <summary>Discards everything. When it completes, the map is empty on disk too and <see cref="DurableLsn"/> is
    /// <see cref="Lsn.None"/>. Open snapshots keep their content.</summary>
    ValueTask ResetAsync(CancellationToken cancellation = default);
}
