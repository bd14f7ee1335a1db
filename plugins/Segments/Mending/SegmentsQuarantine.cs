using Mortise.Components;
using Mortise.Files;

namespace Mortise.Segments;

/// <summary>Sets damaged files aside and writes what of them is readable anew, every record in its place.</summary>
/// <remarks>Order: new files are written and synced under other names; then each damaged file is renamed, and the new one
/// takes its name; the checkpoint is replaced last. Cut short before that, the next call finds the same damage, or less.
/// </remarks>
internal sealed class SegmentsQuarantine(
    IStorageDirectory files, Guid storeId, Lsn durable, Action<Finding> report, CancellationToken cancellation)
{
    private const string DraftName = "mended.new";
    private const string AsideInfix = ".damaged-";

    private readonly SegmentCatalog _catalog = new(files, storeId);
    private int _filesSetAside;
    private long _bytesLost;
    private long _recordsLost;
    private bool _isCountKnown = true;

    public QuarantineSummary Run()
    {
        using IDisposable held = files.TryLock(SegmentFormat.LockName)
            ?? throw new StorageException(StorageErrorCode.Locked, "the records are open in another process or instance");
        CheckpointState? read = ReadCheckpoint();
        if (read is null && durable == Lsn.None)
        {
            throw new StorageException(
                StorageErrorCode.Corrupt,
                "the checkpoint is lost, and nothing else says which commit was durable",
                _catalog.PathOf(SegmentFormat.CheckpointName),
                advice: "restore the store's manifest, or a backup");
        }

        CheckpointState state = read ?? new CheckpointSearch(_catalog, durable, report, cancellation).Run();
        _isCountKnown = read is not null;
        (TombstonePosition position, List<ulong>? rewritten) = MendTombstones(state);
        Dictionary<uint, DeletionMap> deleted = Deleted(position, rewritten);
        var entries = new List<SegmentEntry>();
        foreach (SegmentEntry entry in state.Segments)
        {
            cancellation.ThrowIfCancellationRequested();
            entries.Add(MendSegment(entry, deleted.GetValueOrDefault(entry.Number) ?? new DeletionMap()));
        }

        bool isChanged = read is null || rewritten is not null || !entries.SequenceEqual(state.Segments);
        if (isChanged)
        {
            position = rewritten is null ? position : WriteTombstones(state, rewritten);
            if (read is null && files.Exists(SegmentFormat.CheckpointName))
            {
                SetAside(SegmentFormat.CheckpointName);
            }

            files.Sync();
            CheckpointFile.Replace(_catalog, new CheckpointState
            {
                Sequence = checked(state.Sequence + 1),
                Lsn = state.Lsn,
                Tombstones = position,
                Segments = entries,
                Dropped = state.Dropped,
            });
        }

        return new QuarantineSummary(_filesSetAside, _bytesLost, _isCountKnown ? _recordsLost : -1);
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

    private TombstonePosition WriteTombstones(CheckpointState state, List<ulong> locations)
    {
        string old = SegmentFormat.TombstoneName(state.Tombstones.Generation);
        var file = new TombstoneFile(_catalog, new TombstonePosition(state.Tombstones.Generation, 0, 0, 0));
        using (file)
        {
            bool namesChanged = false;
            TombstonePosition position = file.WriteAnew(locations, state.Lsn, ref namesChanged);
            if (files.Exists(old))
            {
                SetAside(old);
            }

            return position;
        }
    }

    private Dictionary<uint, DeletionMap> Deleted(TombstonePosition position, List<ulong>? rewritten)
    {
        IEnumerable<ulong> locations = rewritten
            ?? TombstoneFile.ReadAll(_catalog, position).Select(static location => location.Value);
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
            return Rewrite(entry, deleted, frames, damage, source: null);
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
            ? new Extent(SegmentHeader.Bytes, entry.End, file, region: null)
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
            return Rewrite(entry, deleted, frames, damage, extent);
        }

        return walk.Found == entry.Usage ? entry : entry with { Usage = walk.Found };
    }

    private SegmentEntry Rewrite(
        SegmentEntry entry,
        DeletionMap deleted,
        List<(long Offset, int Bytes)> frames,
        List<Finding> damage,
        Extent? source)
    {
        foreach (Finding finding in damage)
        {
            report(finding);
        }

        SegmentEntry mended;
        using (IStorageFile draft = files.Open(DraftName, FileIntent.OpenOrCreate))
        {
            draft.SetLength(0);
            var writer = new MendedSegment(_catalog, entry, deleted, draft);
            mended = writer.Write(frames, source);
            _bytesLost += writer.BytesLost;
        }

        string name = SegmentFormat.SegmentName(entry.Number);
        if (files.Exists(name))
        {
            SetAside(name);
        }

        files.Rename(DraftName, name);
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
