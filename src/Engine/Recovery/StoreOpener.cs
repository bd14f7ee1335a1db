using Mortise.Components;
using Mortise.Files;
using Mortise.Indexing;
using Mortise.Partitioning;

namespace Mortise.Engine;

/// <summary>Opens or creates a store: lock, manifest, parts, replay, rebuild.</summary>
/// <remarks>
/// Each part says how far it has got (its durable LSN). The manifest adds what the part cannot know: that between its
/// durable LSN and the last checkpoint no commit concerned it. A part that lags behind the log's first record cannot be
/// caught up: a family is rebuilt from the records then, a record store is damaged beyond what a log can mend.
/// </remarks>
internal sealed class StoreOpener(OpenedParts parts, IReadOnlyDictionary<string, IKeyProjection> projections)
{
    private StoreManifest? _manifest;

    public OpenReport Report { get; private set; } = null!;

    /// <summary>True when the manifest on disk says exactly what is open, so that closing again need write nothing.</summary>
    public bool IsManifestCurrent { get; private set; }

    /// <summary>Families whose code failed, and why; the store opens without them.</summary>
    public List<(string Family, StorageException Cause)> SetAside { get; } = [];

    /// <summary>Opens everything; on failure nothing stays open or locked.</summary>
    public async ValueTask OpenAsync(CancellationToken cancellation)
    {
        try
        {
            await OpenInnerAsync(cancellation).ConfigureAwait(false);
        }
        catch
        {
            await parts.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static void RequireUniqueFamilies(StoreComposition stack)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (FamilyPart family in stack.Families)
        {
            if (!names.Add(family.Name))
            {
                throw new StorageException(
                    StorageErrorCode.InvalidConfiguration, $"two index families are called '{family.Name}'");
            }
        }
    }

    private async ValueTask OpenInnerAsync(CancellationToken cancellation)
    {
        var watch = new OpeningWatch(parts.Observer, parts.Composition.Logs("engine"), parts.Composition.Time);
        RequireUniqueFamilies(parts.Composition);
        parts.Lock = parts.Composition.Root.TryLock(OpenedParts.LockName)
            ?? throw new StorageException(
                StorageErrorCode.Locked,
                "the store is open in another process",
                OpenedParts.LockName,
                advice: "close it there, or choose another data directory");
        _manifest = ManifestFile.TryRead(parts.Composition.Root);
        bool isNew = _manifest is null;
        if (isNew)
        {
            CreateManifest();
        }
        else
        {
            RequireProjections();
        }

        StoreManifest manifest = _manifest!;
        parts.StoreId = manifest.StoreId;
        foreach (ManifestDrop drop in manifest.Drops ?? [])
        {
            parts.Drops.Add(drop.ToPending());
        }

        await OpenLogAndRecordsAsync(manifest, watch, cancellation).ConfigureAwait(false);
        parts.FindCapabilities();
        watch.Enter(OpeningPhase.Families);
        await OpenFamiliesAsync(manifest, cancellation).ConfigureAwait(false);

        using var replay = new LogReplay(parts, new Lsn(manifest.CheckpointLsn));
        await replay.RunAsync(
            Covered(parts.Records.DurableLsn, manifest.RecordsDurableLsn, manifest), watch, cancellation).ConfigureAwait(false);
        List<RebuiltFamily> rebuilt = await FamilyRebuild.RunAsync(parts, watch, cancellation).ConfigureAwait(false);
        await SetFailedAsideAsync().ConfigureAwait(false);
        IsManifestCurrent = replay.Commits == 0 && rebuilt.Count == 0 && DescribesStack(manifest);
        Report = new OpenReport
        {
            IsNew = isNew,
            WasClean = isNew || parts.Log.Recovery.WasClean,
            TornLogBytes = parts.Log.Recovery.TornBytes,
            TornCommits = replay.CutFrom == Lsn.None ? 0 : (long)(parts.Log.LastLsn.Value - replay.CutFrom.Value + 1),
            ReplayedCommits = replay.Commits,
            Rebuilt = rebuilt,
            Duration = watch.Elapsed,
        };
    }

    /// <summary>Closes families that failed. A manifest will not list them; until there is one, a mark keeps their files from
    /// being trusted.</summary>
    private async ValueTask SetFailedAsideAsync()
    {
        foreach (FamilyState family in parts.Families.FindAll(static f => f.Failure is not null))
        {
            family.Mark();
            parts.ReplaceFamilies([.. parts.Families.Where(f => f != family)]);
            SetAside.Add((family.Part.Name, family.Failure!));
            try
            {
                await family.DisposeAsync().ConfigureAwait(false);
            }
            catch (Exception e) when (FamilyState.IsFault(e))
            {
                parts.Composition.Logs("engine").Write(
                    ComponentLogLevel.Warning, $"index family {family.Part.Name} could not be put away", e);
            }
        }
    }

    private void RequireProjections()
    {
        foreach (FamilyPart part in parts.Composition.Families)
        {
            ProjectionOf(part);
        }
    }

    private IKeyProjection ProjectionOf(FamilyPart part) =>
        projections.TryGetValue(part.Projection, out IKeyProjection? projection)
            ? projection
            : throw new StorageException(
                StorageErrorCode.InvalidConfiguration,
                $"index family '{part.Name}' names the projection '{part.Projection}'",
                advice: "there are: " + string.Join(", ", projections.Keys.Order(StringComparer.Ordinal)));

    private bool DescribesStack(StoreManifest manifest) =>
        !manifest.IsCopy
        && manifest.CheckpointLsn == parts.Log.LastLsn.Value
        && manifest.Log.IsSameAs(parts.Composition.Log.Identity)
        && manifest.Records.IsSameAs(parts.Composition.Records.Identity)
        && manifest.Families.Count == parts.Families.Count
        && parts.Families.TrueForAll(f => manifest.Families.Any(
            m => m.Name == f.Part.Name && m.Structure.IsSameAs(f.Part.Structure.Identity)));

    private void CreateManifest()
    {
        foreach (string name in (string[])[OpenedParts.LogDirectory, OpenedParts.RecordsDirectory])
        {
            if (parts.Composition.Root.Exists(name) && parts.Composition.Root.OpenDirectory(name).List().Count > 0)
            {
                throw new StorageException(
                    StorageErrorCode.Corrupt,
                    $"there are files in '{name}' but no manifest",
                    ManifestFile.Name,
                    advice: "restore the manifest from a backup, or choose an empty directory");
            }
        }

        _manifest = new StoreManifest
        {
            StoreId = parts.Composition.NewStoreId(),
            CheckpointLsn = 0,
            Log = ManifestPart.From(parts.Composition.Log.Identity),
            Records = ManifestPart.From(parts.Composition.Records.Identity),
            RecordsDurableLsn = 0,
            Families = [.. parts.Composition.Families.Select(f => ManifestFamily.From(f, ProjectionOf(f), []))],
        };
        ManifestFile.Write(parts.Composition.Root, _manifest);
    }

    private async ValueTask OpenLogAndRecordsAsync(
        StoreManifest manifest, OpeningWatch watch, CancellationToken cancellation)
    {
        if ((manifest.Log.Refuse("the log", parts.Composition.Log.Identity)
            ?? manifest.Records.Refuse("the record store", parts.Composition.Records.Identity)) is { } refusal)
        {
            throw refusal;
        }

        IStorageDirectory root = parts.Composition.Root;
        watch.Enter(OpeningPhase.Log);
        parts.Log = await parts.Composition.Log.Open(
            parts.Context("wal", OpenedParts.MakeDirectory(root, OpenedParts.LogDirectory)), cancellation).ConfigureAwait(false);
        watch.Enter(OpeningPhase.Records);
        parts.Records = await parts.Composition.Records.Open(
            parts.Context("records", OpenedParts.MakeDirectory(root, OpenedParts.RecordsDirectory)), cancellation).ConfigureAwait(false);

        parts.Formats.Read(manifest);
        if (manifest.IsCopy && parts.Log.LastLsn < parts.Records.DurableLsn)
        {
            parts.Log.Restart(parts.Records.DurableLsn.Next);
        }

        Lsn covered = Covered(parts.Records.DurableLsn, manifest.RecordsDurableLsn, manifest);
        if (parts.Log.LastLsn < covered)
        {
            throw new StorageException(
                StorageErrorCode.Corrupt,
                $"the log ends at commit {parts.Log.LastLsn}, but the records hold commits up to {covered}",
                OpenedParts.LogDirectory,
                advice: "the log was removed or restored from an older copy; bring back the matching one");
        }

        if (covered.Next < parts.Log.FirstLsn)
        {
            throw new StorageException(
                StorageErrorCode.Corrupt,
                $"the records hold commits up to {covered}, but the log begins at {parts.Log.FirstLsn}",
                OpenedParts.RecordsDirectory,
                advice: "the record files were removed or restored from an older copy; bring back the matching ones");
        }
    }

    private async ValueTask OpenFamiliesAsync(StoreManifest manifest, CancellationToken cancellation)
    {
        IStorageDirectory indexes = OpenedParts.MakeDirectory(
            parts.Composition.Root, OpenedParts.IndexesDirectory);
        RequireLayouts(manifest);
        DeleteUnfinished(indexes, manifest);
        var opener = new FamilyIndexes(parts);
        foreach (FamilyPart part in parts.Composition.Families)
        {
            IKeyProjection projection = ProjectionOf(part);
            ManifestFamily? recorded = manifest.Families.FirstOrDefault(f => f.Name == part.Name);
            string? rebuildReason = recorded is null
                ? "the family is new in the stack"
                : WhyUnusable(parts.Composition, part, projection, recorded);
            if (recorded is null || rebuildReason is not null)
            {
                // Files of another structure, projection or layout, or of a family that once had this name.
                indexes.DeleteDirectory(recorded?.DirectoryName ?? part.Name);
                indexes.Sync();
            }

            string directory = rebuildReason is null ? recorded!.DirectoryName : part.Name;
            var family = new FamilyState(
                part, projection, directory, OpenedParts.MakeDirectory(indexes, directory), opener)
            {
                RebuildReason = rebuildReason,
                OlderFormat = recorded is null || rebuildReason is not null
                    ? null
                    : OlderFormats.Older(recorded.Structure, part.Structure.Identity.FormatVersion),
            };
            family.Cover(new Lsn(manifest.CheckpointLsn));
            parts.Families.Add(family);
            if (recorded is not null && rebuildReason is null)
            {
                await OpenPartitionsAsync(family, recorded, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Refuses a stack whose partitions are laid out otherwise than those on disk: nothing is ever looked for where
    /// it is not, and a rebuild before the store opens could take hours. Nothing has changed then.</summary>
    private void RequireLayouts(StoreManifest manifest)
    {
        foreach (FamilyPart part in parts.Composition.Families)
        {
            ManifestFamily? recorded = manifest.Families.FirstOrDefault(f => f.Name == part.Name);
            if (recorded is { Partitions.Count: > 0 }
                && !parts.Composition.RebuildFamilies.Contains(part.Name)
                && !part.Partitions.Accepts(recorded.PartitionMap, out string? reason))
            {
                throw new StorageException(
                    StorageErrorCode.InvalidConfiguration,
                    $"index family {part.Name}: {reason}",
                    $"{OpenedParts.IndexesDirectory}/{recorded.DirectoryName}",
                    advice: "open the store with the partitions it has and run 'mortise stack apply FILE', which builds the "
                        + "family anew beside readers and writers; or let 'mortise doctor --repair' rebuild it now");
            }
        }
    }

    /// <summary>Deletes what a crash left of a family that was being built or had been exchanged.</summary>
    private static void DeleteUnfinished(IStorageDirectory indexes, StoreManifest manifest)
    {
        foreach (StorageEntry entry in indexes.List())
        {
            if (entry.IsDirectory && entry.Name.Contains('.', StringComparison.Ordinal)
                && !manifest.Families.Any(f => f.DirectoryName == entry.Name))
            {
                indexes.DeleteDirectory(entry.Name);
            }
        }
    }

    /// <summary>Partitions by time are opened when somebody wants them; the others now, so that damage shows at once.</summary>
    private async ValueTask OpenPartitionsAsync(
        FamilyState family, ManifestFamily recorded, CancellationToken cancellation)
    {
        if (family.IsMarkedForRebuild)
        {
            family.NoteDamage("damage was found, or a rebuild was cut short");
            return;
        }

        bool isLazy = family.Part.Partitions is { Routing: PartitionRouting.ByOrdinal, MaxPartitions: > 1 };
        foreach (ManifestPartition partition in recorded.Partitions)
        {
            PartitionState state = family.AddRecorded(partition);
            if (!family.HasDirectory(state))
            {
                family.NoteDamage($"partition {partition.Name} has no directory");
            }
            else if (family.Failure is null && (!isLazy || partition.DurableLsn == 0))
            {
                await OpenPartitionAsync(family, state, cancellation).ConfigureAwait(false);
            }
        }

        family.DeleteUnlisted();
    }

    private async ValueTask OpenPartitionAsync(FamilyState family, PartitionState state, CancellationToken cancellation)
    {
        try
        {
            await state.Handle.OpenAsync(cancellation).ConfigureAwait(false);
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.Corrupt)
        {
            family.NoteDamage(e.Message);
            return;
        }
        catch (Exception e) when (family.Part.OnFault != FaultPolicy.Stop && FamilyState.IsFault(e))
        {
            family.FailOpening(e, parts.Composition.Blame);
            return;
        }

        state.Hold();
        try
        {
            IIndexFamily index = state.Index;
            if (!index.Traits.IsPersistent)
            {
                family.RebuildReason ??= $"{index.Identity.ComponentId} keeps nothing across a restart";
            }
            else if (index.DurableLsn > parts.Log.LastLsn)
            {
                family.NoteDamage(
                    $"partition {state.Name} holds commits up to {index.DurableLsn}, the log ends at {parts.Log.LastLsn}");
            }
        }
        finally
        {
            state.EndHold();
        }
    }

    private static string? WhyUnusable(
        StoreComposition stack, FamilyPart part, IKeyProjection projection, ManifestFamily recorded)
    {
        if (stack.RebuildFamilies.Contains(part.Name))
        {
            return "a rebuild was asked for";
        }

        if (recorded.Projection != projection.Name || recorded.ProjectionVersion != projection.FormatVersion)
        {
            return $"projection {recorded.Projection} {recorded.ProjectionVersion} became "
                + $"{projection.Name} {projection.FormatVersion}";
        }

        if (recorded.InlineBelowBytes != part.InlineBelowBytes)
        {
            return $"inlineBelow {recorded.InlineBelowBytes} became {part.InlineBelowBytes}";
        }

        if (recorded.Structure.Refuse($"index family {part.Name}", part.Structure.Identity) is { } refusal)
        {
            return refusal.Message;
        }

        return part.Partitions.Accepts(recorded.PartitionMap, out string? reason) ? null : reason;
    }

    private static Lsn Covered(Lsn durable, ulong recordedDurable, StoreManifest manifest) =>
        durable.Value >= recordedDurable ? Lsn.Max(durable, new Lsn(manifest.CheckpointLsn)) : durable;
}
