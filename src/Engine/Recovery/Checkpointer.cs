using Mortise.Files;

namespace Mortise.Engine;

/// <summary>Makes all parts durable up to a commit, records that in the manifest, and lets the log drop what nobody
/// needs.</summary>
/// <remarks>
/// Order, so that a crash at any point leaves a store that opens: commits synced (no part is ever ahead of them), parts made
/// durable, manifest replaced, log truncated. Only the capture of state runs on the writer; the rest runs beside it.
/// </remarks>
/// <param name="parts">What is open.</param>
/// <param name="versions">Says what the last published commit is.</param>
/// <param name="isManifestCurrent">True when the manifest on disk says what was opened.</param>
internal sealed class Checkpointer(OpenedParts parts, VersionHolder versions, bool isManifestCurrent)
{
    private readonly Lock _gate = new();
    private Lsn _lastCheckpoint = versions.Lsn;
    private long _changes = isManifestCurrent ? 0 : 1;
    private long _recordedChanges;
    private Lsn? _holdFrom;

    /// <summary>Checkpoints since the store was opened.</summary>
    public long Count { get; private set; }

    /// <summary>The commit of the last checkpoint since open; <see cref="Lsn.None"/> before it.</summary>
    public Lsn LastLsn => IsStale ? Lsn.None : _lastCheckpoint;

    // Whoever changes what is open says so on the writer or before the checkpoint that is to record it: one that captured
    // its state before the change does not.
    private bool IsStale => Interlocked.Read(ref _changes) != Interlocked.Read(ref _recordedChanges);

    /// <summary>Captures the state; on the writer, between two groups.</summary>
    /// <returns>What is left to do, or null when nothing changed since the last checkpoint.</returns>
    public async ValueTask<PendingCheckpoint?> BeginAsync(CancellationToken cancellation)
    {
        Lsn through = versions.Lsn;
        long changes = Interlocked.Read(ref _changes);
        if (!IsStale && through == _lastCheckpoint)
        {
            return null;
        }

        if (through > parts.Durability.DurableLsn)
        {
            await parts.Durability.SyncAsync(through, cancellation).ConfigureAwait(false);
        }

        var work = new List<Task> { parts.Records.CheckpointAsync(cancellation).AsTask() };
        var families = new List<(FamilyState Family, PartitionState[] Partitions)>();
        foreach (FamilyState family in parts.Families)
        {
            families.Add((family, family.Partitions));
            foreach (PartitionState partition in family.Partitions)
            {
                // A closed one is durable as it is.
                if (OpenIndexes.Checkpoint(partition.Handle) is { } task)
                {
                    work.Add(task);
                }
            }
        }

        return new PendingCheckpoint(through, changes, work, families, ManifestDrop.From(parts.Drops.All));
    }

    /// <summary>Waits for the parts and replaces the manifest; beside the writer.</summary>
    public async Task CompleteAsync(PendingCheckpoint pending)
    {
        await Task.WhenAll(pending.Work).ConfigureAwait(false);
        var families = new List<ManifestFamily>();
        foreach ((FamilyState family, PartitionState[] partitions) in pending.Families)
        {
            families.Add(ManifestFamily.From(
                family.Part,
                family.Projection,
                [.. partitions.Select(static p => ManifestPartition.From(p.Name, p.DirectoryName, p.Handle))],
                family.DirectoryName,
                family.OlderFormat));
        }

        ManifestFile.Write(parts.Composition.Root, new StoreManifest
        {
            StoreId = parts.StoreId,
            CheckpointLsn = pending.Through.Value,
            Log = ManifestPart.From(parts.Composition.Log.Identity, parts.Formats.Log),
            Records = ManifestPart.From(parts.Composition.Records.Identity, parts.Formats.Records),
            RecordsDurableLsn = parts.Records.DurableLsn.Value,
            Families = families,
            Drops = pending.Drops,
        });
        if (pending.Changes != Interlocked.Read(ref _recordedChanges))
        {
            DropForgottenFamilies();
            foreach (FamilyState family in parts.Families)
            {
                family.Rebuilt();
            }
        }

        _lastCheckpoint = pending.Through;
        Interlocked.Exchange(ref _recordedChanges, pending.Changes);
        Count++;
    }

    /// <summary>Lets the log drop what every part holds durably; on the writer.</summary>
    public void TruncateLog(PendingCheckpoint pending)
    {
        Lsn keep = pending.Through.Next;
        lock (_gate)
        {
            keep = _holdFrom is { } held ? Lsn.Min(held, keep) : keep;
        }

        parts.Log.Truncate(keep);
    }

    /// <summary>Keeps the log from a commit on for a family that is being built; null to end that.</summary>
    public void HoldLogFrom(Lsn? from)
    {
        lock (_gate)
        {
            _holdFrom = from;
        }
    }

    /// <summary>Says that other families or partitions are in force than the manifest names. Before the checkpoint that is
    /// to record it; any thread.</summary>
    public void MarkStale() => Interlocked.Increment(ref _changes);

    /// <summary>Families that the stack no longer names are derived data that nothing refers to now.</summary>
    private void DropForgottenFamilies()
    {
        IStorageDirectory indexes = parts.Composition.Root.OpenDirectory(OpenedParts.IndexesDirectory);
        foreach (StorageEntry entry in indexes.List())
        {
            if (entry.IsDirectory && !parts.IsInUse(entry.Name))
            {
                indexes.DeleteDirectory(entry.Name);
            }
        }
    }
}

/// <summary>A checkpoint whose state is captured and whose writing goes on.</summary>
/// <param name="Through">The last commit it contains.</param>
/// <param name="Changes">How often other families or partitions had been put in force when it was captured.</param>
/// <param name="Work">One task per part.</param>
/// <param name="Families">The families and the partitions they had.</param>
/// <param name="Drops">Ranges that were dropped and had records left; null for none.</param>
internal sealed record PendingCheckpoint(
    Lsn Through,
    long Changes,
    List<Task> Work,
    List<(FamilyState Family, PartitionState[] Partitions)> Families,
    IReadOnlyList<ManifestDrop>? Drops);
