using System.Runtime.InteropServices;
using Mortise.Indexing;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>The write path: decide, place, log, sync as promised, apply, publish, acknowledge.</summary>
/// <remarks>
/// Bodies that are written ahead of the log are synced while it is logged and applied: memory that nobody sees yet may know
/// of them before the device does.
/// A write that fails before the log has it fails alone and leaves no trace. A failure after that closes the store for
/// writing: what is in the log will be applied at the next open, and nothing is acknowledged on a guess.
/// Threads: <see cref="RunGroupAsync"/> is only ever run by one thread at a time, the writer of <see cref="WriterQueue"/>.
/// </remarks>
internal sealed class CommitPipeline(
    OpenedParts parts,
    IWritePlanner planner,
    VersionHolder versions,
    SyncPolicy sync,
    StoreMetrics metrics,
    FamilyFaults faults,
    Action<Exception> onFault)
{
    private const int MaxGroupWrites = 4096;

    private readonly CommitBuilder _builder = new(parts.Records.MaxRecordBytes);
    private readonly DroppedKeys _droppedKeys = new();
    private readonly List<GroupWrite> _group = [];
    private readonly List<StoreWrite> _carried = [];
    private readonly List<StoreWrite> _succeeded = [];
    private readonly List<RecordMutation> _mutations = [];
    private readonly BodyStaging _bodies = new(parts);
    private readonly IndexLimit _indexLimit = new(parts);
    private readonly long _gatherBytes = parts.Composition.Options.MaxIndexBytes / 4;
    private int[] _lengths = [];
    private RecordLocation[] _locations = [];
    private byte[] _payload = [];
    private LoggedDrop _dropped;
    private Exception? _fault;

    /// <summary>Log bytes since the store was opened.</summary>
    public long LoggedBytes { get; private set; }

    /// <summary>Groups since the store was opened.</summary>
    public long Groups { get; private set; }

    /// <summary>How long groups take that somebody waits for.</summary>
    public CommitTimes Times { get; } = new();

    /// <summary>Refuses every later write.</summary>
    public void Fault(Exception cause) => Interlocked.CompareExchange(ref _fault, cause, null);

    public Exception? FaultCause => Volatile.Read(ref _fault);

    /// <summary>Takes one group or one command from the queue and completes it. Never throws.</summary>
    public async ValueTask RunGroupAsync(WriterQueue queue)
    {
        if (queue.TryTake(static w => w is EngineCommand, out StoreWrite? command))
        {
            await RunCommandAsync((EngineCommand)command!).ConfigureAwait(false);
            return;
        }

        do
        {
            TakeGroup(queue);
            await RunTakenAsync().ConfigureAwait(false);
        }
        while (_carried.Count > 0);
    }

    private async ValueTask RunTakenAsync()
    {
        if (_group.Count == 0)
        {
            return;
        }

        if (FaultCause is { } cause)
        {
            FailFrom(0, StorageException.Faulted("the store", cause));
            return;
        }

        Groups++;
        long began = parts.Composition.Time.GetTimestamp();
        try
        {
            using StoreView before = versions.OpenView();
            Decide(before);
            Place();
            StageBodies();
            bool isAwaited = _group[0].Write is not EngineWrite { IsPatient: true };
            ValueTask bodies = isAwaited ? sync.AfterStaging() : ValueTask.CompletedTask;
            Lsn last = Lsn.None;
            long bytes = 0;
            try
            {
                last = AppendToLog(out bytes);
                if (last != Lsn.None)
                {
                    await SyncAsync(isAwaited, last, bytes).ConfigureAwait(false);
                    Apply(last);
                }
            }
            finally
            {
                // Nobody goes on while a sync of this group is under way, whatever became of the rest.
                await bodies.ConfigureAwait(false);
            }

            if (last != Lsn.None)
            {
                Publish(last);
                metrics.GroupCommitted(_group.Count, bytes);
            }

            _bodies.End();
        }
        catch (Exception e)
        {
            e = parts.Composition.Blame(e) ?? e;
            Fault(e);
            onFault(e);
            FailFrom(0, e);
            return;
        }

        Acknowledge(parts.Composition.Time.GetElapsedTime(began));
    }

    private ValueTask SyncAsync(bool isAwaited, Lsn last, long bytes)
    {
        if (isAwaited)
        {
            return sync.AfterAppend(last, bytes);
        }

        sync.Soon();
        return ValueTask.CompletedTask;
    }

    private static async ValueTask RunCommandAsync(EngineCommand command)
    {
        try
        {
            await command.RunAsync().ConfigureAwait(false);
            command.Complete();
        }
        catch (Exception e)
        {
            // Handed to whoever awaits the command.
            command.Fail(e);
        }
    }

    private void TakeGroup(WriterQueue queue)
    {
        _group.Clear();
        if (_carried.Count > 0)
        {
            _group.AddRange(_carried.Select(static w => new GroupWrite(w)));
            _carried.Clear();
            return;
        }

        if (queue.TryTake(static w => w is EngineWrite, out StoreWrite? own))
        {
            _group.Add(new GroupWrite(own!));
            return;
        }

        long bytes = 0;
        long maxBytes = parts.Composition.Options.MaxGroupBytes.Bytes;
        while (_group.Count < MaxGroupWrites
            && bytes < maxBytes
            && queue.TryTake(static w => w is not (EngineCommand or EngineWrite), out StoreWrite? write))
        {
            _group.Add(new GroupWrite(write!));
            bytes += write!.EstimatedBytes;
        }
    }

    /// <summary>Lets the domain decide each write. One that throws leaves nothing behind and ends the group, because what
    /// the domain remembers of it must not count; the writes behind it become the next group.</summary>
    private void Decide(StoreView before)
    {
        _builder.Begin(before);
        _droppedKeys.BeginGroup();
        planner.BeginGroup(before);
        for (int i = 0; i < _group.Count; i++)
        {
            GroupWrite item = _group[i];
            int operations = _builder.Operations.Count;
            int records = _builder.Records.Count;
            int arena = _builder.ArenaBytes;
            try
            {
                if (item.Write is EngineWrite own)
                {
                    own.Plan(_builder);
                }
                else
                {
                    planner.Plan(item.Write, _builder);
                    _droppedKeys.DeleteFor(_builder, operations);
                }

                Span<CommitBuilder.PlannedOperation> planned = Operations(operations, _builder.Operations.Count - operations);
                long deleted = item.Write is EngineWrite { HasReadDeleted: true } ? 0 : _indexLimit.ReadDeleted(planned);
                RequireLoggable(operations, _builder.ArenaBytes - arena);
                if (item.Write is not EngineWrite)
                {
                    // What the engine itself writes is small enough, whatever its records look like.
                    _indexLimit.Require(_builder, planned, deleted);
                }

                item = item with { FirstOperation = operations, OperationCount = _builder.Operations.Count - operations };
            }
            catch (Exception e)
            {
                _builder.RollBack(operations, records, arena);
                item.Write.Fail(e);
                metrics.WriteFailed();
                _group[i] = item with { Failed = true };
                CarryFrom(i + 1);
                return;
            }

            _group[i] = item;
        }
    }

    private void CarryFrom(int first)
    {
        for (int i = first; i < _group.Count; i++)
        {
            _carried.Add(_group[i].Write);
        }

        _group.RemoveRange(first, _group.Count - first);
    }

    private void RequireLoggable(int firstOperation, long recordBytes)
    {
        long size = CommitFormat.MaxSize(_builder.Operations.Count - firstOperation, recordBytes);
        long limit = Math.Min(parts.Log.MaxPayloadBytes, parts.Composition.Options.MaxCommitBytes.Bytes);
        if (size > limit)
        {
            throw new StorageException(
                StorageErrorCode.LimitExceeded,
                $"one commit of up to {size} bytes, the limit is {limit}",
                advice: "write in smaller batches");
        }
    }

    private void Place()
    {
        int count = _builder.Records.Count;
        if (count == 0)
        {
            return;
        }

        if (_lengths.Length < count)
        {
            _lengths = new int[Math.Max(count, 64)];
            _locations = new RecordLocation[_lengths.Length];
        }

        for (int i = 0; i < count; i++)
        {
            _lengths[i] = _builder.Records[i].Length;
        }

        parts.Records.Plan(_lengths.AsSpan(0, count), _locations.AsSpan(0, count));
    }

    /// <summary>Writes the group's bodies to their places now, if that saves writing them to the log.</summary>
    private void StageBodies()
    {
        _bodies.Begin(_builder);
        foreach (GroupWrite item in _group)
        {
            if (!item.Failed && item.OperationCount > 0)
            {
                _bodies.Add(Operations(item.FirstOperation, item.OperationCount), _locations);
            }
        }

        _bodies.TryWrite();
    }

    /// <summary>Logs each write that changes something. A full device fails it and the writes after it, which may build on
    /// it; those before it stand.</summary>
    private Lsn AppendToLog(out long bytes)
    {
        Lsn last = Lsn.None;
        bytes = 0;
        long now = parts.Composition.Time.GetUtcNow().ToUnixTimeMilliseconds();
        for (int i = 0; i < _group.Count; i++)
        {
            GroupWrite item = _group[i];
            if (item.Failed || item.OperationCount == 0)
            {
                continue;
            }

            int length = Encode(item, now);
            try
            {
                last = parts.Log.Append(_payload.AsSpan(0, length));
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.NoSpace)
            {
                FailFrom(i, e);
                _bodies.IsCutShort = true;
                break;
            }

            if (!_bodies.IsExpected(last))
            {
                throw new StorageException(
                    StorageErrorCode.PluginFault, $"the log gave commit {last} another number than the next");
            }

            bytes += length;
            _group[i] = item with { Lsn = last };
        }

        bytes += _bodies.Bytes;
        LoggedBytes += bytes;
        return last;
    }

    private int Encode(GroupWrite item, long now)
    {
        long size = CommitFormat.MaxSize(item.OperationCount, 0);
        foreach (ref readonly CommitBuilder.PlannedOperation operation in Operations(item.FirstOperation, item.OperationCount))
        {
            size += operation.Kind == CommitBuilder.PlannedKind.Put && !_bodies.AreWritten ? _builder.Records[operation.Record].Length : 0;
        }

        if (_payload.Length < size)
        {
            _payload = new byte[Math.Max(size, _payload.Length * 2L)];
        }

        LoggedDrop? dropped = Locate(_builder.Dropped);
        int at = parts.Staging is not null
            ? CommitFormat.WriteReferenceHeader(_payload, now, item.OperationCount, parts.Durability.DurableLsn)
            : CommitFormat.WriteHeader(
                _payload, now, item.OperationCount, dropped is null ? CommitFormat.Version : CommitFormat.DropVersion);
        foreach (ref readonly CommitBuilder.PlannedOperation operation in Operations(item.FirstOperation, item.OperationCount))
        {
            at += operation.Kind switch
            {
                CommitBuilder.PlannedKind.Put when _bodies.AreWritten => CommitFormat.WriteReference(
                    _payload.AsSpan(at),
                    _locations[operation.Record],
                    _builder.Records[operation.Record].Length,
                    _bodies.CheckOf(operation.Record)),
                CommitBuilder.PlannedKind.Put => CommitFormat.WritePut(
                    _payload.AsSpan(at), _locations[operation.Record], _builder.Bytes(new PendingRecord(operation.Record))),
                CommitBuilder.PlannedKind.DeletePending =>
                    CommitFormat.WriteDelete(_payload.AsSpan(at), _locations[operation.Record]),
                CommitBuilder.PlannedKind.Drop => CommitFormat.WriteDrop(_payload.AsSpan(at), dropped!.Value),
                _ => CommitFormat.WriteDelete(_payload.AsSpan(at), operation.Location),
            };
        }

        return at;
    }

    /// <summary>Says where what is put from now on begins.</summary>
    private LoggedDrop? Locate(LoggedDrop? dropped)
    {
        if (dropped is not { } drop)
        {
            return null;
        }

        RecordLocation below = RecordLocation.None;
        if (_builder.Records.Count > 0)
        {
            below = _locations[0];
        }
        else
        {
            parts.Records.Plan([1], MemoryMarshal.CreateSpan(ref below, 1));
        }

        _dropped = drop with { Below = below };
        return _dropped;
    }

    private void Apply(Lsn last)
    {
        for (int i = 0; i < _group.Count; i++)
        {
            GroupWrite item = _group[i];
            if (item.Lsn != Lsn.None)
            {
                ApplyWrite(item);
                ApplyPending(item.Lsn, _gatherBytes);
            }
        }

        ApplyPending(last, -1);
    }

    /// <summary>Applies what families have gathered: the whole group at once, but where that is more than they should
    /// hold.</summary>
    private void ApplyPending(Lsn through, long beyondBytes)
    {
        foreach (FamilyState family in parts.Families)
        {
            if (!faults.IsAside(family) && family.PendingBytes() > beyondBytes)
            {
                ApplyPending(family, through);
            }
        }
    }

    private void Publish(Lsn last)
    {
        faults.SetAside();
        versions.Publish(last, parts.Families);
    }

    private void ApplyPending(FamilyState family, Lsn last)
    {
        try
        {
            family.ApplyPending(last);
            family.Cover(last);
        }
        catch (Exception e) when (faults.Contains(family, e))
        {
            // Out of force when the group is published.
        }
    }

    private void ApplyWrite(GroupWrite item)
    {
        _mutations.Clear();
        foreach (ref readonly CommitBuilder.PlannedOperation operation in Operations(item.FirstOperation, item.OperationCount))
        {
            switch (operation.Kind)
            {
                case CommitBuilder.PlannedKind.Put:
                    CommitBuilder.PlannedRecord record = _builder.Records[operation.Record];
                    RecordLocation placed = _locations[operation.Record];
                    _mutations.Add(new RecordMutation(RecordOperation.Put, placed, record.Offset, record.Length));
                    Project(IndexOperation.Set, item.Lsn, placed, _builder.Bytes(new PendingRecord(operation.Record)));
                    break;
                case CommitBuilder.PlannedKind.DeletePending:
                    RecordLocation pending = _locations[operation.Record];
                    _mutations.Add(new RecordMutation(RecordOperation.Delete, pending, 0, 0));
                    Project(IndexOperation.Remove, item.Lsn, pending, _builder.Bytes(new PendingRecord(operation.Record)));
                    break;
                case CommitBuilder.PlannedKind.Drop:
                    Drop(_dropped, item);
                    break;
                default:
                    _mutations.Add(new RecordMutation(RecordOperation.Delete, operation.Location, 0, 0));
                    Remove(item.Lsn, operation.Location);
                    break;
            }
        }

        parts.Records.Apply(new RecordBatch(item.Lsn, _builder.Arena, CollectionsMarshal.AsSpan(_mutations)));
    }

    private void Drop(LoggedDrop drop, GroupWrite item)
    {
        parts.Families.ForEach(family => family.Drop(drop.Range, item.Lsn));
        parts.Drops.Add(new PendingDrop(drop.Range, drop.Below, drop.Records)
        {
            Lsn = item.Lsn,
            Family = (item.Write as RangeDropWrite)?.NamingFamily,
        });
    }

    private void Remove(Lsn lsn, RecordLocation location)
    {
        DroppedRecords? dropped = parts.Drops.Records();
        using RecordLease lease = parts.Records.Read(location);
        dropped?.Find(location, lease.Bytes)?.NoteDeleted();
        foreach (FamilyState family in parts.Families)
        {
            if (dropped?.HaveEndedIn(family, location, lease.Bytes) != true)
            {
                Project(family, IndexOperation.Remove, lsn, location, lease.Bytes);
            }
        }
    }

    private void Project(IndexOperation operation, Lsn lsn, RecordLocation location, ReadOnlySpan<byte> record)
    {
        foreach (FamilyState family in parts.Families)
        {
            Project(family, operation, lsn, location, record);
        }
    }

    private void Project(
        FamilyState family, IndexOperation operation, Lsn lsn, RecordLocation location, ReadOnlySpan<byte> record)
    {
        if (faults.IsAside(family))
        {
            return;
        }

        try
        {
            family.Project(operation, lsn, location, record);
        }
        catch (Exception e) when (faults.Contains(family, e))
        {
            // Out of force when the group is published.
        }
    }

    private void Acknowledge(TimeSpan took)
    {
        _succeeded.Clear();
        foreach (GroupWrite item in _group)
        {
            if (!item.Failed)
            {
                item.Write.Lsn = item.Lsn;
                _succeeded.Add(item.Write);
            }
        }

        if (_group[0].Write is EngineWrite own)
        {
            own.Took = took;
        }
        else
        {
            Times.Note(took);
            TellPlanner();
        }

        metrics.Acknowledged(_succeeded);
        foreach (StoreWrite write in _succeeded)
        {
            write.Complete();
        }
    }

    private void TellPlanner()
    {
        try
        {
            using StoreView after = versions.OpenView();
            planner.Published(after, _succeeded);
        }
        catch (Exception e)
        {
            // The commits stand; what failed is telling others of them.
            onFault(e);
        }
    }

    private void FailFrom(int first, Exception error)
    {
        for (int i = first; i < _group.Count; i++)
        {
            if (!_group[i].Failed)
            {
                _group[i].Write.Fail(error);
                metrics.WriteFailed();
                _group[i] = _group[i] with { Failed = true };
            }
        }
    }

    private Span<CommitBuilder.PlannedOperation> Operations(int first, int count) =>
        CollectionsMarshal.AsSpan(_builder.Operations).Slice(first, count);

    /// <summary>A write of the group and what became of it.</summary>
    /// <param name="Write">The write.</param>
    private readonly record struct GroupWrite(StoreWrite Write)
    {
        public int FirstOperation { get; init; }

        public int OperationCount { get; init; }

        public Lsn Lsn { get; init; }

        public bool Failed { get; init; }
    }
}
