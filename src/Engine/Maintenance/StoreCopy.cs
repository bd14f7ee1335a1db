using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Copies a store that is being used, as it is at one commit, into a new store.</summary>
/// <remarks>
/// <para>Role: backup. It goes through the contracts only: a view says which records are live at its LSN and keeps them
/// readable; they are put into a second store in the order in which they stand, and its own engine makes the indexes.
/// So it is right for any stack, whatever its plugins do with their files, and every byte read has passed its checksum.
/// Copying files would need a promise of each plugin about the moments at which its files belong together.</para>
/// <para>The copy is a store of its own: another id, LSNs from 1, no history. It takes no part of the source's files,
/// and cannot be made in increments.</para>
/// <para>Memory: 8 bytes per live record.</para>
/// </remarks>
public static class StoreCopy
{
    /// <summary>Bytes of one commit of the copy, about.</summary>
    private const int CommitBytes = 4 << 20;

    private const int CommitRecords = 4096;

    /// <summary>Copies all records of a view.</summary>
    /// <param name="view">What to copy; the store may be written to meanwhile.</param>
    /// <param name="family">A family that has exactly one entry for each record, such as one of unique ids.</param>
    /// <param name="target">The stack over an empty directory.</param>
    /// <param name="projections">By the names that the families use.</param>
    /// <param name="progress">Told of the records copied so far.</param>
    /// <param name="cancellation">Stops between commits; the target is incomplete then.</param>
    /// <exception cref="ArgumentException">The view has no such family.</exception>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.AlreadyExists"/> when the target is a store;
    /// <see cref="StorageErrorCode.Corrupt"/> when a record cannot be read or the family does not name every record.
    /// </exception>
    public static async ValueTask<StoreCopyReport> RunAsync(
        StoreView view,
        string family,
        StoreComposition target,
        IReadOnlyDictionary<string, IKeyProjection> projections,
        IProgress<long>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(projections);
        FamilyView names = view.Find(family) ?? throw new ArgumentException($"no family '{family}'", nameof(family));
        if (ManifestFile.TryRead(target.Root) is not null)
        {
            throw new StorageException(
                StorageErrorCode.AlreadyExists, "there is a store already", ManifestFile.Name,
                advice: "choose an empty directory");
        }

        List<RecordLocation> locations = Locations(names, cancellation);
        long bytes = 0;
        StoreEngine copy = await StoreEngine.OpenAsync(target, projections, new NoWrites(), cancellation)
            .ConfigureAwait(false);
        await using (copy.ConfigureAwait(false))
        {
            long most = Math.Min(CommitBytes, target.Options.MaxCommitBytes.Bytes);
            for (int from = 0; from < locations.Count;)
            {
                cancellation.ThrowIfCancellationRequested();
                var write = new CopyWrite(view.Records, locations, from, most);
                await copy.WriteAsync(write, cancellation).ConfigureAwait(false);
                from += write.Records;
                bytes += write.Bytes;
                progress?.Report(from);
            }

            await copy.CheckpointAsync(cancellation).ConfigureAwait(false);
            long live = copy.GetStatistics().Records.LiveRecords;
            return live == locations.Count
                ? new StoreCopyReport(view.Lsn, live, bytes)
                : throw new StorageException(
                    StorageErrorCode.Corrupt, $"the copy holds {live} records of {locations.Count}");
        }
    }

    private static List<RecordLocation> Locations(FamilyView family, CancellationToken cancellation)
    {
        var locations = new List<RecordLocation>();
        using (FamilyCursor cursor = family.OpenCursor(KeyRange.All, OrdinalRange.All, EntryOrder.ByKey))
        {
            while (cursor.MoveNext())
            {
                cancellation.ThrowIfCancellationRequested();
                locations.Add(cursor.Location);
            }
        }

        locations.Sort();
        for (int i = 1; i < locations.Count; i++)
        {
            if (locations[i] == locations[i - 1])
            {
                throw new StorageException(
                    StorageErrorCode.Corrupt,
                    $"family {family.Name} names the record at {locations[i]} twice",
                    advice: "see 'mortise doctor'");
            }
        }

        return locations;
    }

    /// <summary>Puts the next records of the list.</summary>
    private sealed class CopyWrite(IRecordStore source, List<RecordLocation> locations, int from, long most)
        : EngineWrite
    {
        public override int EstimatedBytes => (int)most;

        public int Records { get; private set; }

        public long Bytes { get; private set; }

        public override void Plan(CommitBuilder commit)
        {
            while (from + Records < locations.Count && Records < CommitRecords)
            {
                using RecordLease lease = source.Read(locations[from + Records]);
                if (Records > 0 && Bytes + lease.Bytes.Length > most)
                {
                    return;
                }

                commit.Put(lease.Bytes);
                Records++;
                Bytes += lease.Bytes.Length;
            }
        }
    }

    /// <summary>Nobody but the copy writes to the copy.</summary>
    private sealed class NoWrites : IWritePlanner
    {
        public void BeginGroup(StoreView view)
        {
            // Engine writes are decided without the planner.
        }

        public void Plan(StoreWrite write, CommitBuilder commit) =>
            throw new ArgumentException($"a copy takes no {write.GetType().Name}", nameof(write));

        public void Published(StoreView view, IReadOnlyList<StoreWrite> writes)
        {
            // Nobody watches a copy.
        }
    }
}

/// <summary>What a copy holds.</summary>
/// <param name="Lsn">The commit of the source that it is consistent with.</param>
/// <param name="Records">Its records.</param>
/// <param name="Bytes">Their bytes.</param>
public readonly record struct StoreCopyReport(Lsn Lsn, long Records, long Bytes);
