namespace Mortise.Segments;

/// <summary>Makes captured states durable, one at a time.</summary>
/// <remarks>Order (R4): records and their file names; tombstones; then the checkpoint that refers to them, as an atomic
/// replacement; then files that it no longer needs are deleted.</remarks>
internal sealed class Checkpointer(SegmentCatalog catalog, PendingWrites pending, CheckpointState durable, long fileBytes)
    : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TombstoneFile _tombstones = new(catalog, durable.Tombstones);
    private readonly Queue<(Lsn Lsn, List<ulong> Locations)> _deleted = new();
    private ulong _sequence = durable.Sequence;
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
        pending.SyncWritten();

        List<ulong> deleted = [];
        lock (_lock)
        {
            foreach ((Lsn lsn, List<ulong> locations) in _deleted)
            {
                if (lsn <= capture.Lsn)
                {
                    deleted.AddRange(locations);
                }
            }
        }

        bool namesChanged = false;
        TombstonePosition position = _tombstones.Append(deleted, capture.Lsn, ref namesChanged);
        if (namesChanged)
        {
            catalog.Files.Sync();
        }

        var state = new CheckpointState
        {
            Sequence = checked(_sequence + 1),
            Lsn = capture.Lsn,
            Tombstones = position,
            Segments = capture.Segments,
            Dropped = capture.Dropped,
        };
        long bytes = CheckpointFile.Replace(catalog, state);
        _sequence = state.Sequence;
        lock (_lock)
        {
            while (_deleted.TryPeek(out (Lsn Lsn, List<ulong>) first) && first.Lsn <= capture.Lsn)
            {
                _deleted.Dequeue();
            }
        }

        _tombstones.Commit(position);
        Volatile.Write(ref _fileBytes, bytes + position.End);
    }

    public void Dispose() => _tombstones.Dispose();
}
