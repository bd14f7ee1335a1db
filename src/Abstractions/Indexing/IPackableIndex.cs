namespace Mortise.Indexing;

/// <summary>Capability of an index that can rewrite itself into the shape that takes the least space and is read
/// fastest.</summary>
/// <remarks>
/// <para>Role: an index that will hardly change any more, such as a partition whose time has passed, is written once
/// more so that every later read is cheaper. Found with <see cref="Components.IStorageComponent.TryGet"/> on the
/// index.</para>
/// <para>Threads: the part of <see cref="PackAsync"/> before its first await from the store's writer only;
/// <see cref="IsPacked"/> from any thread.</para>
/// <para>Laws: packing changes no answer; at each moment a power cut leaves the map exactly at
/// <see cref="IIndexFamily.DurableLsn"/>; snapshots that were open keep their content and delay only the return of
/// space; packing what is packed writes nothing.</para>
/// </remarks>
public interface IPackableIndex
{
    /// <summary>True when all that was applied is durable and in its packed shape, so that <see cref="PackAsync"/>
    /// would write nothing. True for an index that holds nothing.</summary>
    bool IsPacked { get; }

    /// <summary>Rewrites the index: in order, pages full, nothing that was replaced or removed left over, with what
    /// makes lookups of single keys fast.</summary>
    /// <param name="cancellation">Stops it; what was checkpointed meanwhile stays, and the index works on.</param>
    /// <returns>A task that ends when the packed shape is durable, at the LSN that was applied when it was called or a
    /// later one. At most one is pending at a time.</returns>
    /// <remarks>Takes time and, until it ends, room in proportion to the whole index. Batches, checkpoints and
    /// snapshots go on beside it; batches that are applied meanwhile are kept, and are not in the packed part. A reset
    /// ends it. While an index is being loaded (<see cref="IIndexFamily.AppliedLsn"/> is <see cref="Lsn.None"/>) it
    /// does nothing.</remarks>
    /// <exception cref="StorageException">It cannot be written, or a page that it reads is
    /// <see cref="StorageErrorCode.Corrupt"/>. What was there before is still there.</exception>
    ValueTask PackAsync(CancellationToken cancellation = default);
}
