using Mortise.Files;
using Mortise.Indexing;

namespace Mortise.Engine;

/// <summary>Opens the indexes of partitions, and takes back what they were given when they close.</summary>
internal sealed class FamilyIndexes(OpenedParts parts)
{
    /// <summary>Seconds since 1970.</summary>
    public long Now => parts.Composition.Time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>True when the store makes one partition of small neighbours.</summary>
    public bool MergesNeighbours => parts.Composition.Options.MergeBelow.Bytes > 0;

    /// <summary>A handle of a partition that is not open yet.</summary>
    /// <param name="family">Its family.</param>
    /// <param name="name">The partition's name.</param>
    /// <param name="directory">The family's directory.</param>
    /// <param name="directoryName">The partition's directory below it.</param>
    /// <param name="durable">How far its files have got at least.</param>
    /// <param name="statistics">What was last known of it.</param>
    /// <param name="isPacked">Whether there was nothing to pack.</param>
    public IndexHandle CreateHandle(
        FamilyState family,
        string name,
        IStorageDirectory directory,
        string directoryName,
        Lsn durable,
        IndexStatistics statistics,
        bool isPacked) => new(
            parts.Indexes,
            $"indexes/{family.Part.Name}/{name}",
            isPermanent: family.Part.Partitions.MaxPartitions == 1,
            durable,
            statistics,
            isPacked,
            cancellation => OpenAsync(family, name, directory, directoryName, cancellation),
            damage =>
            {
                parts.Composition.Logs("engine").Write(
                    Components.ComponentLogLevel.Error, "an index is damaged; reopening the store rebuilds it", damage);
                family.Mark();
            });

    private async ValueTask<OpenedIndex> OpenAsync(
        FamilyState family,
        string name,
        IStorageDirectory directory,
        string directoryName,
        CancellationToken cancellation)
    {
        Components.ComponentContext context = parts.Context(
            $"indexes/{family.Part.Name}/{name}", OpenedParts.MakeDirectory(directory, directoryName));
        IIndexFamily index;
        try
        {
            index = await family.Part.Structure.Open(context, cancellation).ConfigureAwait(false);
        }
        catch
        {
            parts.TakeBack(context);
            throw;
        }

        var opened = new OpenedIndex(index, context, parts);
        if (Refusal(family, index) is { } refusal)
        {
            await opened.DisposeAsync().ConfigureAwait(false);
            throw refusal;
        }

        return opened;
    }

    private static StorageException? Refusal(FamilyState family, IIndexFamily index)
    {
        bool isInKey = family.Projection.Placement == LocationPlacement.InKey;
        int longestKey = family.Projection.MaxKeyBytes + (isInKey ? FamilyView.LocationBytes : 0);
        int longestValue = family.Part.InlineBelowBytes + (isInKey ? 0 : FamilyView.LocationBytes);
        return longestKey <= index.Traits.MaxKeyBytes && longestValue <= index.Traits.MaxValueBytes
            ? null
            : new StorageException(
                StorageErrorCode.InvalidConfiguration,
                $"family {family.Part.Name}: keys to {longestKey} and values to {longestValue} bytes, but "
                + $"{index.Identity.ComponentId} takes keys to {index.Traits.MaxKeyBytes} and values to "
                + $"{index.Traits.MaxValueBytes}",
                advice: "lower inlineBelow, raise the page size, or choose another structure");
    }
}
