using Mortise.Primitives;
using Mortise.Records;

namespace Mortise.Segments;

/// <summary>Plans and applies batches: memory work only, and all or nothing.</summary>
/// <remarks>Threads: the store's writer. Batches are checked whole before the first byte changes.</remarks>
internal sealed class SegmentWriter(
    SegmentCatalog catalog, SegmentReader reader, PendingWrites pending, BufferPool pool, SegmentsOptions options)
{
    // What is staged together stands in one buffer.
    private const int MaxStagedBytes = 64 << 20;

    private readonly List<RecordLocation> _puts = [];
    private readonly HashSet<Segment> _touched = [];
    private readonly StagedFrames _staged = new();
    private Segment? _active;
    private Extent? _extent;

    /// <summary>Totals over all segments.</summary>
    public RecordTotals Totals { get; private set; }

    /// <summary>Locations deleted since they were last taken, in order of deletion.</summary>
    public List<ulong> Deleted { get; private set; } = [];

    /// <summary>True when what is appended has to be compressed.</summary>
    public bool IsPacking => _active?.Encoding == SegmentEncoding.Packed;

    public SegmentTail Tail => _active is null ? default : new SegmentTail(_active.Number, _active.Tail.End);

    /// <summary>Continues after the last segment of the catalog.</summary>
    public void Start()
    {
        Segment[] all = catalog.All;
        _active = all.Length == 0 ? null : all[^1];
        foreach (Segment segment in all)
        {
            Totals += segment.Usage;
        }
    }

    public void Plan(ReadOnlySpan<int> lengths, Span<RecordLocation> locations)
    {
        SegmentTail tail = Tail;
        for (int i = 0; i < lengths.Length; i++)
        {
            SegmentAddress address = tail.Place(lengths[i], options.SegmentSize.Bytes);
            locations[i] = address.Location;
            tail = SegmentTail.After(address, lengths[i]);
        }
    }

    /// <summary>Checks a batch without changing anything.</summary>
    /// <exception cref="ArgumentException">It does not continue this store.</exception>
    public void Check(in RecordBatch batch)
    {
        _puts.Clear();
        SegmentTail tail = Tail;
        ulong first = tail.Segment == 0 ? 0 : new SegmentAddress(tail.Segment, tail.End).Location.Value;
        foreach (ref readonly RecordMutation mutation in batch.Mutations)
        {
            if (mutation.Operation == RecordOperation.Put)
            {
                CheckPut(batch, mutation, ref tail);
            }
            else if (mutation.Operation != RecordOperation.Delete)
            {
                throw new ArgumentException($"unknown operation {mutation.Operation}", nameof(batch));
            }
            else if (mutation.Location.Value >= first ? _puts.BinarySearch(mutation.Location) < 0 : !Exists(mutation))
            {
                throw new ArgumentException($"there is no record to delete at {mutation.Location}", nameof(batch));
            }
        }
    }

    /// <summary>Applies a batch that <see cref="Check"/> has passed.</summary>
    public void Apply(in RecordBatch batch)
    {
        SegmentTail tail = Tail;
        foreach (ref readonly RecordMutation mutation in batch.Mutations)
        {
            if (mutation.Operation == RecordOperation.Delete)
            {
                Delete(mutation.Location);
            }
            else if (tail.IsContinuedBy(SegmentAddress.Of(mutation.Location)))
            {
                Put(SegmentAddress.Of(mutation.Location), batch.Body(mutation), batch.Lsn);
                tail = Tail;
            }
        }

        if (_staged.Start >= 0 && _staged.Start < tail.End)
        {
            pending.MarkWritten(_active!, _extent!, _staged.Start, tail.End);
            _staged.Advance(tail.End);
        }
    }

    /// <summary>Writes frames to their places in the segment that is appended to, behind all that is applied.</summary>
    /// <returns>False when they do not all go there, or the device takes no more: nothing is staged.</returns>
    public bool TryStage(ReadOnlySpan<byte> arena, ReadOnlySpan<StagedRecord> records, Span<ulong> checks)
    {
        _staged.Clear();
        if (_active is not { Encoding: SegmentEncoding.Plain } || records.IsEmpty || StagedBytes(records) is not (> 0 and var bytes))
        {
            return false;
        }

        (long end, uint previous) = _active.Tail;
        Span<byte> room = _extent is null ? default : _extent.Room(bytes);
        if (room.IsEmpty)
        {
            room = StartExtent(end, bytes).Room(bytes);
        }

        int at = 0;
        for (int i = 0; i < records.Length; i++)
        {
            ref readonly StagedRecord record = ref records[i];
            Span<byte> frame = room.Slice(at, (int)FrameFormat.Size(record.Length));
            ulong key = SegmentFormat.PositionKey(catalog.StoreKey, record.Location.Value);
            FrameFormat.Write(frame, arena.Slice(record.Offset, record.Length), previous, record.Lsn, key);
            checks[i] = FrameFormat.ChecksumOf(frame);
            previous = (uint)frame.Length;
            at += frame.Length;
        }

        if (!pending.TryWriteAhead(_active, _extent!, bytes))
        {
            return false;
        }

        _staged.Set(records);
        return true;
    }

    /// <summary>Drops what is staged, and what lies in files behind the last applied record.</summary>
    public void Unstage()
    {
        _staged.Clear();
        pending.CutBehind(_active);
    }

    /// <summary>Shows readers the totals after a whole batch. Under the store's publishing lock.</summary>
    public void Publish()
    {
        foreach (Segment segment in _touched)
        {
            segment.PublishedUsage = segment.Usage;
        }

        _touched.Clear();
        if (_active is not null)
        {
            _active.PublishedUsage = _active.Usage;
        }
    }

    /// <summary>Forgets a segment that was reclaimed.</summary>
    public void Forget(Segment segment) => Totals -= segment.Usage;

    /// <summary>Hands over what was deleted since the last call.</summary>
    public List<ulong> TakeDeleted()
    {
        List<ulong> taken = Deleted;
        Deleted = [];
        return taken;
    }

    private void CheckPut(in RecordBatch batch, in RecordMutation mutation, ref SegmentTail tail)
    {
        if (mutation.Length is < 1 or > FrameFormat.MaxBodyBytes
            || mutation.Offset < 0 || mutation.Offset > batch.Arena.Length - mutation.Length)
        {
            throw new ArgumentException(
                $"a body of {mutation.Length} bytes at {mutation.Offset} of {batch.Arena.Length}", nameof(batch));
        }

        SegmentAddress address = SegmentAddress.Of(mutation.Location);
        if (tail.IsContinuedBy(address)
            && address.Offset + FrameFormat.Size(mutation.Length) <= FrameFormat.MaxSegmentBytes)
        {
            tail = SegmentTail.After(address, mutation.Length);
            _puts.Add(mutation.Location);
        }
        else if (!IsThere(mutation.Location, batch.Body(mutation)))
        {
            throw new ArgumentException(
                $"a put at {mutation.Location} does not continue the store, which ends at segment {tail.Segment}, "
                + $"offset {tail.End}",
                nameof(batch));
        }
    }

    private bool IsThere(RecordLocation location, ReadOnlySpan<byte> body)
    {
        var window = new FileWindow(aheadBytes: 0, keeps: true);
        try
        {
            return reader.Look(location, ref window, out _, out ReadOnlySpan<byte> frame) == FrameOutcome.Whole
                && frame.Slice(FrameFormat.HeaderBytes, FrameFormat.BodyBytes(frame)).SequenceEqual(body);
        }
        finally
        {
            window.Dispose();
        }
    }

    /// <summary>True for a record, damaged or not, and for one that was reclaimed.</summary>
    private bool Exists(in RecordMutation mutation)
    {
        SegmentAddress address = SegmentAddress.Of(mutation.Location);
        var window = new FileWindow(aheadBytes: 0, keeps: true);
        FrameOutcome? outcome;
        Segment? segment;
        try
        {
            outcome = reader.Look(mutation.Location, ref window, out segment, out _);
        }
        finally
        {
            window.Dispose();
        }

        return outcome switch
        {
            FrameOutcome.Whole => true,
            null => segment is null && address.Segment >= 1 && address.Segment < Tail.Segment,
            _ => reader.IsBoundary(segment!, address.Offset) || reader.IsLost(segment!, address.Offset),
        };
    }

    private void Put(SegmentAddress address, ReadOnlySpan<byte> body, Lsn lsn)
    {
        if (_active is null || address.Segment != _active.Number)
        {
            StartSegment(address.Segment, lsn);
        }

        int size = (int)FrameFormat.Size(body.Length);
        (long end, uint previous) = _active.Tail;
        Invariant.Holds(address.Offset == end);
        Span<byte> room = _extent is null ? default : _extent.Room(size);
        if (room.IsEmpty)
        {
            room = StartExtent(end, size).Room(size);
        }

        ulong key = SegmentFormat.PositionKey(catalog.StoreKey, address.Location.Value);
        if (!_staged.TryTake(address.Location, lsn, body.Length))
        {
            FrameFormat.Write(room, body, previous, lsn, key);
        }

        _extent!.Publish(size);
        _active.Tail = (end + size, (uint)size);
        _active.Usage = _active.Usage.WithPut(body.Length);
        Totals = Totals.WithPut(body.Length);
    }

    /// <summary>Bytes of the frames; 0 when they do not follow each other in the segment that is appended to.</summary>
    private int StagedBytes(ReadOnlySpan<StagedRecord> records)
    {
        SegmentTail first = Tail;
        SegmentTail tail = first;
        foreach (ref readonly StagedRecord record in records)
        {
            SegmentAddress address = SegmentAddress.Of(record.Location);
            if (record.Length is < 1 or > FrameFormat.MaxBodyBytes || record.Lsn.Value > FrameFormat.MaxLsn
                || address.Segment != first.Segment || address.Offset != tail.End)
            {
                return 0;
            }

            tail = SegmentTail.After(address, record.Length);
        }

        long bytes = tail.End - first.End;
        return bytes <= MaxStagedBytes ? (int)bytes : 0;
    }

    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(_active))]
    private void StartSegment(uint number, Lsn lsn)
    {
        CloseExtent();
        if (_active is not null)
        {
            pending.Finish(_active);
        }

        if (_active is not null)
        {
            _touched.Add(_active);
        }

        // Open from the start: there is no file yet that a scan could open.
        SegmentEncoding encoding = options.Compression == RecordCompression.None || catalog.HoldsTail(number)
            ? SegmentEncoding.Plain
            : SegmentEncoding.Packed;
        _active = new Segment(number, encoding) { FirstLsn = lsn };
        _active.ReplaceAll([]);
        catalog.Add(_active);
    }

    private Extent StartExtent(long start, int size)
    {
        CloseExtent();
        _extent = new Extent(start, pool.Rent(size));
        _active!.Append(_extent);
        pending.Enqueue(_active, _extent);
        return _extent;
    }

    private void CloseExtent()
    {
        if (_extent is not null)
        {
            _extent.Close();
            pending.Closed(_extent);
            _extent = null;
        }
    }

    private void Delete(RecordLocation location)
    {
        SegmentAddress address = SegmentAddress.Of(location);
        var window = new FileWindow(aheadBytes: 0, keeps: true);
        bool whole;
        bool lost = false;
        int bytes = 0;
        try
        {
            whole = reader.Look(location, ref window, out _, out ReadOnlySpan<byte> frame) == FrameOutcome.Whole;
            if (whole)
            {
                lost = FrameFormat.IsLost(frame);
                bytes = FrameFormat.BodyBytes(frame);
            }
        }
        finally
        {
            window.Dispose();
        }

        // What a damaged record held is not known any more: it counts as dead without bytes.
        if (catalog.Find(address.Segment) is not { } segment
            || (whole ? lost : reader.IsLost(segment, address.Offset))
            || !segment.Deleted.Set(address.Offset))
        {
            return;
        }

        segment.Usage = segment.Usage.WithDelete(bytes);
        _touched.Add(segment);
        Totals = Totals.WithDelete(bytes);
        Deleted.Add(location.Value);
    }
}
