namespace Mortise.Engine;

/// <summary>Upgrading the formats of a store that serves.</summary>
public sealed partial class StoreEngine
{
    /// <summary>Parts whose files may be of an older format version than their plugin writes.</summary>
    public IReadOnlyList<PartUpgrade> GetUpgrades()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _closing) != 0, this);
        return new StoreUpgrade(this, _parts).Needed;
    }

    /// <summary>Brings the files of every part to the format version that its plugin writes. Reads and writes go on
    /// meanwhile; none fails.</summary>
    /// <param name="progress">Told of each part when its turn has come.</param>
    /// <param name="cancellation">Stops; what is upgraded stays so, and the next upgrade goes on from there.</param>
    /// <returns>What was done, and what is left: a segment of records that is still being written, a log of which no
    /// segment has ended.</returns>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Unsupported"/> when the record store cannot rewrite
    /// its records; any error of a part. Nothing is lost.</exception>
    public async ValueTask<UpgradeReport> UpgradeAsync(
        IProgress<PartUpgrade>? progress = null, CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _closing) != 0, this);
        return await new StoreUpgrade(this, _parts).RunAsync(progress, cancellation).ConfigureAwait(false);
    }

    /// <summary>Writes a manifest of what the parts are now.</summary>
    internal async Task RecordPartsAsync(CancellationToken cancellation)
    {
        _checkpointer.MarkStale();
        await RunCheckpointAsync(cancellation).ConfigureAwait(false);
    }
}
