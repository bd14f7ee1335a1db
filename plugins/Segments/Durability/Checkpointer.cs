namespace Mortise.Segments;

/// <summary>Makes captured states durable, one at a time.</summary>
/// <remarks>Order (R4): records and their file names; tombstones; then the checkpoint that refers to them, as an atomic
/// replacement; then files that it no longer needs are deleted.</remarks>
internal sealed class Checkpointer(
    SegmentCatalog catalog, PendingWrites pending, CheckpointState opened, long fileBytes, long rewriteAbove) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TombstoneFile _tombstones = new(catalog, opened.Tombstones);
    private readonly Queue<(Lsn Lsn, List<ulong> Locations)> _deleted = new();
    private CheckpointState _durable = opened;
    private long _deadTombstones = CountDead(opened);
    private long _fileBytes = fileBytes;

    /// <summary>Bytes of the checkpoint and of the tombstones.</summary>
    public long FileBytes => Volatile.Read(ref _fileBytes);

    /// <summary>Takes over what was deleted up to a capture. From the writer.</summary>
    public void Enlist(Lsn lsn, List<ulong> deleted)
    {
        if (deleted.Count > 0)
        {
            lock (_lock)
            {
                _deleted.Enqueue((lsn, deleted));
            }
        }
    }

    /// <summary>Makes a capture durable. When it throws, nothing that was durable is lost, and the next call covers this
    /// one's state too.</summary>
    public void Write(CheckpointCapture capture)
    {
        pending.WriteAll();
        pending.SyncWritten(capture.Segments);

        List<ulong> deleted = DeletedThrough(capture.Lsn);
        bool rewrite = _deadTombstones > rewriteAbove && _deadTombstones > _durable.Tombstones.Count / 2;
        bool namesChanged = false;
        TombstonePosition position = rewrite
            ? _tombstones.Rewrite(deleted, capture.Lsn, ref namesChanged)
            : _tombstones.Append(deleted, capture.Lsn, ref namesChanged);
        if (namesChanged)
        {
            catalog.Files.Sync();
        }

        Replace(new CheckpointState
        {
            Sequence = checked(_durable.Sequence + 1),
            Lsn = capture.Lsn,
            Tombstones = position,
            Segments = capture.Segments,
            Dropped = _durable.Dropped,
        });
        lock (_lock)
        {
            while (_deleted.TryPeek(out (Lsn Lsn, List<ulong>) first) && first.Lsn <= capture.Lsn)
            {
                _deleted.Dequeue();
            }
        }

        _deadTombstones = rewrite ? 0 : _deadTombstones;
        _tombstones.Commit(position);
    }

    /// <summary>Takes a segment out of the durable state, which stays what it is otherwise.</summary>
    /// <exception cref="InvalidOperationException">The last checkpoint does not know the segment as sealed and without a
    /// live record. Nothing changed.</exception>
    public void Drop(uint number)
    {
        List<SegmentEntry> kept = [];
        SegmentEntry? dropped = null;
        foreach (SegmentEntry entry in _durable.Segments)
        {
            if (entry.Number == number)
            {
                dropped = entry;
            }
            else
            {
                kept.Add(entry);
            }
        }

        if (dropped is not { Usage.LiveRecords: 0 } segment || number == _durable.Segments[^1].Number)
        {
            throw new InvalidOperationException(
                $"segment {number} is not sealed and free of live records in the last checkpoint; checkpoint first");
        }

        Replace(With(kept, [.. _durable.Dropped, number]));
        _deadTombstones += segment.Usage.DeadRecords;
    }

    /// <summary>Deletes the files of dropped segments. What fails is left to the next opening.</summary>
    public void DeleteDropped()
    {
        foreach (uint number in _durable.Dropped)
        {
            string name = SegmentFormat.SegmentName(number);
            if (catalog.Files.Exists(name))
            {
                catalog.Files.Delete(name);
            }
        }

        // Only once the names are gone for good may the next checkpoint forget them.
        catalog.Files.Sync();
        _durable = With(_durable.Segments, []);
    }

    public void Dispose() => _tombstones.Dispose();

    private static long CountDead(CheckpointState state)
    {
        long counted = 0;
        foreach (SegmentEntry entry in state.Segments)
        {
            counted += entry.Usage.DeadRecords;
        }

        return Math.Max(0, state.Tombstones.Count - counted);
    }

    private CheckpointState With(IReadOnlyList<SegmentEntry> segments, IReadOnlyList<uint> dropped) => new()
    {
        Sequence = checked(_durable.Sequence + 1),
        Lsn = _durable.Lsn,
        Tombstones = _durable.Tombstones,
        Segments = segments,
        Dropped = dropped,
    };

    private List<ulong> DeletedThrough(Lsn through)
    {
        List<ulong> deleted = [];
        lock (_lock)
        {
            foreach ((Lsn lsn, List<ulong> locations) in _deleted)
            {
                if (lsn <= through)
                {
                    deleted.AddRange(locations);
                }
            }
        }

        return deleted;
    }

    private void Replace(CheckpointState state)
    {
        long bytes = CheckpointFile.Replace(catalog, state);
        _durable = state;
        Volatile.Write(ref _fileBytes, bytes + state.Tombstones.End);
    }
}
