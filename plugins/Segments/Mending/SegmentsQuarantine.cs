using Mortise.Components;
using Mortise.Files;

namespace Mortise.Segments;

/// <summary>Sets damaged files aside and writes what of them is readable anew, every record in its place.</summary>
/// <remarks>Order: new files are written and synced under other names, the new checkpoint as the last of them; up to then
/// nothing has changed. Then each damaged file is renamed and the new one takes its name, the checkpoint last. Cut short in
/// between, the next call finds the new checkpoint under its other name and goes on.</remarks>
internal sealed class SegmentsQuarantine(
    IStorageDirectory files,
    Guid storeId,
    Lsn durable,
    SegmentAddress? next,
    Action<Finding> report,
    CancellationToken cancellation)
{
    private const string AsideInfix = ".damaged-";
    private const string MendedCheckpoint = SegmentFormat.MendedCheckpointName;

    private readonly SegmentCatalog _catalog = new(files, storeId);
    private int _filesSetAside;
    private long _bytesLost;
    private long _recordsLost;
    private bool _isCountKnown = true;
    private bool _hasMended;

    public QuarantineSummary Run()
    {
        using IDisposable held = files.TryLock(SegmentFormat.LockName)
            ?? throw new StorageException(StorageErrorCode.Locked, "the records are open in another process or instance");
        GoOn();
        CheckpointState? read = ReadCheckpoint();
        if (read is null && durable == Lsn.None)
        {
            throw new StorageException(
                StorageErrorCode.Corrupt,
                "the checkpoint is lost, and nothing else says which commit was durable",
                _catalog.PathOf(SegmentFormat.CheckpointName),
                advice: "restore the store's manifest, or a backup");
        }

        CheckpointState state = read ?? new CheckpointSearch(_catalog, durable, next, report, cancellation).Run();
        _isCountKnown = read is not null;
        (TombstonePosition position, List<ulong>? rewritten) = MendTombstones(state);
        if (read is null)
        {
            rewritten = WithoutStrays(state, rewritten ?? ReadTombstones(position)) ?? rewritten;
        }

        Dictionary<uint, DeletionMap> deleted = Deleted(position, rewritten);
        var entries = new List<SegmentEntry>();
        foreach (SegmentEntry entry in state.Segments)
        {
            cancellation.ThrowIfCancellationRequested();
            entries.Add(MendSegment(entry, deleted.GetValueOrDefault(entry.Number) ?? new DeletionMap()));
        }

        bool isChanged = read is null || _hasMended || rewritten is not null || !entries.SequenceEqual(state.Segments);
        if (isChanged)
        {
            position = rewritten is null ? position : WriteTombstones(state, rewritten);

            // The new files have to be there before something says that they are whole.
            files.Sync();
            CheckpointFile.Write(_catalog, MendedCheckpoint, new CheckpointState
            {
                Sequence = checked(state.Sequence + 1),
                Lsn = state.Lsn,
                Tombstones = position,
                Segments = entries,
                Dropped = state.Dropped,
            });
            files.Sync();
            TakeOver(position.Generation);
        }

        return new QuarantineSummary(_filesSetAside, _bytesLost, _isCountKnown ? _recordsLost : -1);
    }

    /// <summary>Goes on with a quarantine that was cut short: the store cannot have been open since, because opening refuses
    /// what it had begun to change.</summary>
    private void GoOn()
    {
        CheckpointState? mended = null;
        if (files.Exists(MendedCheckpoint))
        {
            try
            {
                mended = CheckpointFile.Read(_catalog, MendedCheckpoint, out _);
            }
            catch (StorageException error) when (error.Code is StorageErrorCode.Corrupt or StorageErrorCode.UnknownWriter)
            {
                // Cut short while it was written: nothing has changed yet.
            }
        }

        if (mended is not null)
        {
            report(new Finding("quarantine-resumed", MendedCheckpoint, -1, "an earlier quarantine was cut short"));
            files.Sync();
            TakeOver(mended.Tombstones.Generation);
            return;
        }

        foreach (StorageEntry entry in files.List())
        {
            if (entry.Name.EndsWith(SegmentFormat.MendedSuffix, StringComparison.Ordinal))
            {
                files.Delete(entry.Name);
            }
        }
    }

    /// <summary>The files made anew take the names of the damaged ones; the checkpoint, which refers to them, is the last.</summary>
    /// <param name="generation">Of the tombstones that count.</param>
    private void TakeOver(uint generation)
    {
        foreach (StorageEntry entry in files.List())
        {
            string name = entry.Name;
            if (name == MendedCheckpoint)
            {
                continue;
            }

            if (name.EndsWith(SegmentFormat.MendedSuffix, StringComparison.Ordinal))
            {
                string taken = name[..^SegmentFormat.MendedSuffix.Length];
                if (files.Exists(taken))
                {
                    SetAside(taken);
                }

                files.Rename(name, taken);
            }
            else if (SegmentFormat.TryNumber(
                name, SegmentFormat.TombstonePrefix, SegmentFormat.TombstoneSuffix, out uint old) && old < generation)
            {
                SetAside(name);
            }
        }

        if (files.Exists(SegmentFormat.CheckpointName))
        {
            // A sound one as well: with it and the damaged files somebody can still go back.
            SetAside(SegmentFormat.CheckpointName);
        }

        files.Sync();
        files.Rename(MendedCheckpoint, SegmentFormat.CheckpointName);
        files.Sync();
    }

    private CheckpointState? ReadCheckpoint()
    {
        try
        {
            return CheckpointFile.Read(_catalog, out _);
        }
        catch (StorageException error) when (
            error.Code is StorageErrorCode.Corrupt or StorageErrorCode.NotFound or StorageErrorCode.UnknownWriter)
        {
            report(new Finding(
                "checkpoint-lost", SegmentFormat.CheckpointName, -1, "made anew from the segments: " + error.Message));
            return null;
        }
    }

    /// <returns>The tombstones that count, and the list to write anew when their file is damaged.</returns>
    private (TombstonePosition Position, List<ulong>? Rewritten) MendTombstones(CheckpointState state)
    {
        if (state.Tombstones.Generation == 0)
        {
            return (state.Tombstones, null);
        }

        try
        {
            TombstoneFile.ReadAll(_catalog, state.Tombstones);
            return (state.Tombstones, null);
        }
        catch (StorageException error) when (
            error.Code is StorageErrorCode.Corrupt or StorageErrorCode.NotFound or StorageErrorCode.UnknownWriter)
        {
            string name = SegmentFormat.TombstoneName(state.Tombstones.Generation);
            var search = new TombstoneSearch(_catalog, state.Tombstones.Generation, cancellation);
            List<ulong> found = search.Run(state.Tombstones.End, state.Lsn);
            report(new Finding(
                "tombstones-lost",
                name,
                error.Offset,
                $"{state.Tombstones.Count - found.Count} of {state.Tombstones.Count} deletions are lost: those records "
                + "are there again"));
            return (state.Tombstones, found);
        }
    }

    private List<ulong> ReadTombstones(TombstonePosition position) =>
        [.. TombstoneFile.ReadAll(_catalog, position).Select(static location => location.Value)];

    /// <summary>Deletions of records behind the end of their segment: that end was found anew, and what is damaged in front of
    /// it was not.</summary>
    /// <returns>The others; null when there are no such deletions.</returns>
    private static List<ulong>? WithoutStrays(CheckpointState state, List<ulong> locations)
    {
        var ends = state.Segments.ToDictionary(static entry => entry.Number, static entry => entry.End);
        List<ulong> kept = locations.FindAll(location =>
        {
            SegmentAddress address = SegmentAddress.Of(new Records.RecordLocation(location));
            return !ends.TryGetValue(address.Segment, out long end) || address.Offset < end;
        });
        return kept.Count < locations.Count ? kept : null;
    }

    private TombstonePosition WriteTombstones(CheckpointState state, List<ulong> locations)
    {
        using var file = new TombstoneFile(_catalog, new TombstonePosition(state.Tombstones.Generation, 0, 0, 0));
        bool namesChanged = false;
        return file.WriteAnew(locations, state.Lsn, ref namesChanged);
    }

    private Dictionary<uint, DeletionMap> Deleted(TombstonePosition position, List<ulong>? rewritten)
    {
        List<ulong> locations = rewritten ?? ReadTombstones(position);
        Dictionary<uint, DeletionMap> maps = [];
        foreach (ulong location in locations)
        {
            SegmentAddress address = SegmentAddress.Of(new Records.RecordLocation(location));
            if (!maps.TryGetValue(address.Segment, out DeletionMap? map))
            {
                maps.Add(address.Segment, map = new DeletionMap());
            }

            map.Set(address.Offset);
        }

        return maps;
    }

    private SegmentEntry MendSegment(SegmentEntry entry, DeletionMap deleted)
    {
        string name = SegmentFormat.SegmentName(entry.Number);
        List<Finding> damage = [];
        List<(long Offset, int Bytes)> frames = [];
        if (!files.Exists(name))
        {
            damage.Add(new Finding("segment-missing", name, -1, "the file is missing"));
            return Rewrite(entry, deleted, frames, damage, source: null, old: null);
        }

        using IStorageFile file = files.Open(name, FileIntent.Read);
        byte[] page = new byte[SegmentHeader.Bytes];
        int read = file.Read(page, 0);
        StorageException? problem = SegmentHeader.Problem(
            page.AsSpan(0, read), storeId, entry.Number, entry.Encoding, name);
        if (problem?.Code is StorageErrorCode.ForeignFile or StorageErrorCode.FormatTooNew)
        {
            throw problem;
        }

        if (problem is not null)
        {
            damage.Add(new Finding("segment-header", name, 0, problem.Message));
        }

        Extent extent = entry.Encoding == SegmentEncoding.Plain
            ? new Extent(SegmentHeader.Bytes, entry.End, file)
            : new Extent(
                SegmentHeader.Bytes,
                entry.End,
                _catalog.Blocks(entry.Number, file, entry.FileEnd, entry.IndexBytes, entry.End));
        var walk = new SegmentExamination(
            _catalog.StoreKey, entry.Number, name, deleted, damage.Add, cancellation)
        { Frames = frames };
        walk.Walk(extent, file.Length);
        if (damage.Count > 0)
        {
            return Rewrite(entry, deleted, frames, damage, extent, file);
        }

        return walk.Found == entry.Usage ? entry : entry with { Usage = walk.Found };
    }

    private SegmentEntry Rewrite(
        SegmentEntry entry,
        DeletionMap deleted,
        List<(long Offset, int Bytes)> frames,
        List<Finding> damage,
        Extent? source,
        IStorageFile? old)
    {
        foreach (Finding finding in damage)
        {
            report(finding);
        }

        string name = SegmentFormat.SegmentName(entry.Number) + SegmentFormat.MendedSuffix;
        using IStorageFile draft = files.Open(name, FileIntent.CreateNew);
        var writer = new MendedSegment(_catalog, entry, deleted, draft);
        SegmentEntry mended = writer.Write(frames, source, old);
        _bytesLost += writer.BytesLost;
        _hasMended = true;
        long expected = entry.Usage.LiveRecords + entry.Usage.DeadRecords;
        long found = mended.Usage.LiveRecords + mended.Usage.DeadRecords;
        _recordsLost += Math.Max(0, expected - found);
        return mended;
    }

    /// <summary>Keeps a file under a name that nothing reads.</summary>
    private void SetAside(string name)
    {
        int number = 1;
        while (files.Exists($"{name}{AsideInfix}{number}"))
        {
            number++;
        }

        string aside = $"{name}{AsideInfix}{number}";
        files.Rename(name, aside);
        _filesSetAside++;
        report(new Finding("set-aside", aside, -1, $"{name} is kept under this name"));
    }
}
