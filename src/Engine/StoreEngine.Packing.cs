namespace Mortise.Engine;

/// <summary>Care for partitions whose time has passed.</summary>
public sealed partial class StoreEngine
{
    /// <summary>Merges small neighbours among the partitions that are sealed (<see cref="EngineOptions.SealAfter"/>,
    /// <see cref="EngineOptions.MergeBelow"/>), and packs those that are left. Reads and writes go on meanwhile. Runs by
    /// itself after checkpoints.</summary>
    /// <param name="cancellation">Stops between two partitions, or in one; what was merged or packed stays.</param>
    /// <returns>Partitions merged away or packed.</returns>
    /// <exception cref="StorageException">A partition cannot be opened or read.</exception>
    public ValueTask<int> PackAsync(CancellationToken cancellation = default) =>
        PackAsync(includesAll: false, cancellation);

    /// <summary>As <see cref="PackAsync(CancellationToken)"/>, and packs all other partitions too, those that are written
    /// and those that time does not divide: each index is written once more, into the least space. For a store that was
    /// filled and is now read.</summary>
    /// <inheritdoc cref="PackAsync(CancellationToken)"/>
    public ValueTask<int> PackAllAsync(CancellationToken cancellation = default) =>
        PackAsync(includesAll: true, cancellation);

    private async ValueTask<int> PackAsync(bool includesAll, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _closing) != 0, this);

        // Families are not exchanged and segments not given back meanwhile.
        await _compacting.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await CleanLeftoversAsync(cancellation).ConfigureAwait(false);
            await RetireLeftoversAsync().ConfigureAwait(false);
            int merged = await new PartitionMerging(
                _parts, _versions, _checkpointer, RunOnWriterAsync, RunCheckpointAsync).RunAsync(cancellation)
                .ConfigureAwait(false);
            var packing = new PartitionPacking(_parts, _versions, RunOnWriterAsync);
            return merged + (includesAll
                ? await packing.RunOnAllAsync(cancellation).ConfigureAwait(false)
                : await packing.RunAsync(cancellation).ConfigureAwait(false));
        }
        finally
        {
            _compacting.Release();
        }
    }
}
