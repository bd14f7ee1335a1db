using Mortise.Indexing;

namespace Mortise.Engine;

/// <summary>Changing the families of a store that serves.</summary>
public sealed partial class StoreEngine
{
    /// <summary>Builds a family from the records and exchanges it for the one of the same name, or adds it. Reads and
    /// writes go on meanwhile; none fails.</summary>
    /// <remarks>The building runs on the caller's thread. Not at the same time as a compaction: the later of the two waits. Views that are open keep the old
    /// family, and the call returns when they are closed.</remarks>
    /// <param name="part">The family; another structure, partition scheme, projection or inline size than now.</param>
    /// <param name="progress">Told of the number of records scanned, now and then.</param>
    /// <param name="cancellation">Stops the building; the old family stays. Ignored once the families are
    /// exchanged.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.InvalidConfiguration"/> for a projection that
    /// nobody offers or a structure whose limits are too low; any error of the structure. The old family stays.</exception>
    public async ValueTask<FamilySwitchReport> SwitchFamilyAsync(
        FamilyPart part, IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(part);
        if (!_projections.TryGetValue(part.Projection, out IKeyProjection? projection))
        {
            throw new StorageException(
                StorageErrorCode.InvalidConfiguration,
                $"index family '{part.Name}' names the projection '{part.Projection}'",
                advice: "there are: " + string.Join(", ", _projections.Keys.Order(StringComparer.Ordinal)));
        }

        FamilySwitchReport report = await ExclusivelyAsync(
            families => families.RunAsync(part, projection, progress, cancellation), cancellation).ConfigureAwait(false);
        _faults.Returned(part.Name);
        return report;
    }

    /// <summary>Removes a family while the store serves.</summary>
    /// <param name="name">The family's name.</param>
    /// <param name="cancellation">Stops waiting for the turn.</param>
    /// <returns>False when there is none of that name.</returns>
    public async ValueTask<bool> DropFamilyAsync(string name, CancellationToken cancellation = default) =>
        await ExclusivelyAsync(families => families.DropAsync(name), cancellation).ConfigureAwait(false);

    /// <summary>True when a family is in force as this part, and not as one of the same name.</summary>
    public bool Serves(FamilyPart part) => _parts.Families.Exists(f => ReferenceEquals(f.Part, part));

    /// <summary>What records name may not be reclaimed meanwhile: the same turn as compaction's.</summary>
    private async Task<T> ExclusivelyAsync<T>(Func<FamilySwitch, Task<T>> run, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _closing) != 0, this);
        await _compacting.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await run(new FamilySwitch(_parts, _versions, _checkpointer, RunOnWriterAsync, RunCheckpointAsync))
                .ConfigureAwait(false);
        }
        finally
        {
            _compacting.Release();
        }
    }
}
