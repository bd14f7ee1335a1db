using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Mortise.Components;
using Mortise.Records;

namespace Mortise.Segments;

/// <summary>Reads and scans what has been applied.</summary>
/// <remarks>Threads: any, without waiting for the writer. Callers are inside the gate while they use a span.</remarks>
internal sealed class SegmentReader(SegmentCatalog catalog, ReaderGate gate)
{
    private const int SingleReadAhead = 2 << 10;
    private const int BatchReadAhead = 16 << 10;
    private const int ScanReadAhead = 256 << 10;

    /// <summary>Records that are asked of the memory before they are read. It has a few dozen lines on their way at once,
    /// four records' worth, and the more are asked for, the less often none is.</summary>
    private const int PrefetchDistance = 8;
    private const int PrefetchBytes = 640;
    private const int CacheLineBytes = 64;

    public RecordLease Read(RecordLocation location)
    {
        long token = gate.Enter();
        try
        {
            // A record of usual size is then waited for once, and not once more at each page and line of it.
            Prefetch(location);
            var window = new FileWindow(SingleReadAhead, keeps: true, lends: true);
            ReadOnlySpan<byte> frame = Frame(location, ref window, out Segment segment);
            return new RecordLease(Body(frame), Info(segment, location, frame), gate, token);
        }
        catch
        {
            gate.Release(token);
            throw;
        }
    }

    public void ReadMany<TSink>(ReadOnlySpan<RecordLocation> locations, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        long token = gate.Enter();
        var window = new FileWindow(BatchReadAhead, keeps: true);
        try
        {
            foreach (RecordLocation location in locations[..Math.Min(PrefetchDistance, locations.Length)])
            {
                Prefetch(location);
            }

            for (int i = 0; i < locations.Length; i++)
            {
                if (i + PrefetchDistance < locations.Length)
                {
                    Prefetch(locations[i + PrefetchDistance]);
                }

                RecordLocation location = locations[i];
                ReadOnlySpan<byte> frame = Frame(location, ref window, out Segment segment);
                if (!sink.Accept(location, Body(frame), Info(segment, location, frame)))
                {
                    return;
                }
            }
        }
        finally
        {
            window.Dispose();
            gate.Release(token);
        }
    }

    public void Scan<TSink>(ScanDirection direction, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        Segment[] segments = catalog.All;
        for (int i = 0; i < segments.Length; i++)
        {
            Segment segment = segments[direction == ScanDirection.Forward ? i : segments.Length - 1 - i];
            if (!ScanSegment(segment, direction, ref sink))
            {
                return;
            }
        }
    }

    /// <returns>False when the sink stopped the scan.</returns>
    public bool ScanSegment<TSink>(Segment segment, ScanDirection direction, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        // One stay per segment, so that a long scan does not keep everything that was retired meanwhile.
        long token = gate.Enter();
        var window = new FileWindow(ScanReadAhead, backward: direction == ScanDirection.Backward);
        try
        {
            return direction == ScanDirection.Forward
                ? ScanForward(segment, ref window, ref sink)
                : ScanBackward(segment, ref window, ref sink);
        }
        finally
        {
            window.Dispose();
            gate.Release(token);
        }
    }

    /// <summary>Looks at one location without trusting anything that is there. Inside the gate.</summary>
    /// <param name="location">Any value.</param>
    /// <param name="window">Of the caller.</param>
    /// <param name="segment">The segment, when there is one with that offset.</param>
    /// <param name="frame">The frame when it is whole.</param>
    /// <returns>Null when no segment holds that offset.</returns>
    public FrameOutcome? Look(
        RecordLocation location, scoped ref FileWindow window, out Segment? segment, out ReadOnlySpan<byte> frame)
    {
        SegmentAddress address = SegmentAddress.Of(location);
        frame = default;
        segment = catalog.Find(address.Segment);
        if (segment is null || address.Offset < SegmentHeader.Bytes || address.Offset >= segment.Tail.End)
        {
            return null;
        }

        Extent[] extents = catalog.Extents(segment);
        return extents.Length == 0 ? null : FrameAt(segment, extents, address.Offset, 0, ref window, out frame);
    }

    /// <summary>True when framing reaches exactly this offset, or is too damaged before it to tell.</summary>
    public bool IsBoundary(Segment segment, long offset)
    {
        var window = new FileWindow(ScanReadAhead);
        try
        {
            Extent[] extents = catalog.Extents(segment);
            long at = SegmentHeader.Bytes;
            while (at < offset)
            {
                if (FrameAt(segment, extents, at, 0, ref window, out ReadOnlySpan<byte> frame) != FrameOutcome.Whole)
                {
                    return true;
                }

                at += frame.Length;
            }

            return at == offset;
        }
        finally
        {
            window.Dispose();
        }
    }

    /// <summary>True when an offset is within a region whose records were lost and that was set aside, or behind the end of
    /// a segment that was cut short.</summary>
    public bool IsLost(Segment segment, long offset)
    {
        if (offset >= segment.Tail.End)
        {
            return true;
        }

        var window = new FileWindow(ScanReadAhead);
        try
        {
            Extent[] extents = catalog.Extents(segment);
            for (long at = SegmentHeader.Bytes; at <= offset;)
            {
                if (FrameAt(segment, extents, at, 0, ref window, out ReadOnlySpan<byte> frame) != FrameOutcome.Whole)
                {
                    return false;
                }

                if (offset < at + frame.Length)
                {
                    return FrameFormat.IsLost(frame);
                }

                at += frame.Length;
            }

            return false;
        }
        finally
        {
            window.Dispose();
        }
    }

    /// <summary>Pushes all live records that can be read, around damage.</summary>
    public void Salvage<TSink>(ScanDirection direction, Action<Finding> report, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        Segment[] segments = catalog.All;
        for (int i = 0; i < segments.Length; i++)
        {
            Segment segment = segments[direction == ScanDirection.Forward ? i : segments.Length - 1 - i];
            long token = gate.Enter();
            try
            {
                if (!SalvageSegment(segment, direction, report, ref sink))
                {
                    return;
                }
            }
            finally
            {
                gate.Release(token);
            }
        }
    }

    private bool SalvageSegment<TSink>(
        Segment segment, ScanDirection direction, Action<Finding> report, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        // Damage has to be walked around forward, where each frame's length leads to the next; then any order will do.
        List<long> found = [];
        long end = segment.Tail.End;
        Extent[] extents = catalog.Extents(segment);
        foreach (Extent extent in extents)
        {
            var walk = new SegmentExamination(
                catalog.StoreKey, segment.Number, catalog.PathOf(segment.Name), segment.Deleted, report, default)
            {
                Live = found,
            };
            // A mapped file was as long as it should be when it was mapped; its handle may be gone since.
            long length = extent.Region is null && extent.File is { } file ? file.Length : extent.End;
            walk.Walk(extent, Math.Min(end, extent.End), length);
        }

        var window = new FileWindow(ScanReadAhead, backward: direction == ScanDirection.Backward);
        try
        {
            for (int i = 0; i < found.Count; i++)
            {
                long offset = found[direction == ScanDirection.Forward ? i : found.Count - 1 - i];
                FrameOutcome outcome = FrameAt(segment, extents, offset, 0, ref window, out ReadOnlySpan<byte> frame);
                if (outcome == FrameOutcome.Whole && !Push(segment, offset, frame, ref sink))
                {
                    return false;
                }
            }

            return true;
        }
        finally
        {
            window.Dispose();
        }
    }

    private ReadOnlySpan<byte> Frame(RecordLocation location, scoped ref FileWindow window, out Segment segment)
    {
        FrameOutcome? outcome = Look(location, ref window, out Segment? found, out ReadOnlySpan<byte> frame);
        if (outcome == FrameOutcome.Whole && !FrameFormat.IsLost(frame))
        {
            segment = found!;
            return frame;
        }

        SegmentAddress address = SegmentAddress.Of(location);
        throw outcome is null or FrameOutcome.Whole || !IsBoundary(found!, address.Offset)
            ? new StorageException(StorageErrorCode.NotFound, $"there is no record at {location}")
            : Damage(found!, address.Offset, outcome.Value);
    }

    /// <summary>Asks the memory for the lines of a mapped record of usual size, before it is its turn.</summary>
    private unsafe void Prefetch(RecordLocation location)
    {
        SegmentAddress address = SegmentAddress.Of(location);
        if (!Sse.IsSupported
            || catalog.Find(address.Segment) is not { Extents: { } extents }
            || Segment.Find(extents, address.Offset) is not { Region: { } region } extent
            || extent.End - address.Offset < PrefetchBytes)
        {
            return;
        }

        ReadOnlySpan<byte> bytes = region.Span(address.Offset - extent.Start, PrefetchBytes);

        // A prefetch never faults, so the address needs no pin: at worst it warms a line in vain.
        byte* start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes));
        for (int line = 0; line < PrefetchBytes; line += CacheLineBytes)
        {
            Sse.Prefetch0(start + line);
        }
    }

    private bool ScanForward<TSink>(Segment segment, scoped ref FileWindow window, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        long end = segment.Tail.End;
        Extent[] extents = catalog.Extents(segment);
        if (extents.Length == 0)
        {
            return true;
        }

        uint previous = 0;
        for (long offset = SegmentHeader.Bytes; offset < end;)
        {
            FrameOutcome outcome = FrameAt(segment, extents, offset, 0, ref window, out ReadOnlySpan<byte> frame);
            if (outcome != FrameOutcome.Whole || FrameFormat.PreviousBytes(frame) != previous)
            {
                throw Damage(segment, offset, outcome);
            }

            if (IsLive(segment, offset, frame) && !Push(segment, offset, frame, ref sink))
            {
                return false;
            }

            previous = (uint)frame.Length;
            offset += previous;
        }

        return true;
    }

    private bool ScanBackward<TSink>(Segment segment, scoped ref FileWindow window, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        (long offset, uint previous) = segment.Tail;
        Extent[] extents = catalog.Extents(segment);
        if (extents.Length == 0)
        {
            return true;
        }

        while (offset > SegmentHeader.Bytes)
        {
            offset -= previous;
            FrameOutcome outcome = FrameAt(
                segment, extents, offset, (int)previous, ref window, out ReadOnlySpan<byte> frame);
            uint before = outcome == FrameOutcome.Whole ? FrameFormat.PreviousBytes(frame) : 0;
            if (frame.Length != previous
                || (offset == SegmentHeader.Bytes ? before != 0 : before < FrameFormat.MinFrameBytes)
                || before % FrameFormat.Alignment != 0
                || before > offset - SegmentHeader.Bytes)
            {
                throw Damage(segment, offset, outcome);
            }

            if (IsLive(segment, offset, frame) && !Push(segment, offset, frame, ref sink))
            {
                return false;
            }

            previous = before;
        }

        return true;
    }

    private static bool IsLive(Segment segment, long offset, ReadOnlySpan<byte> frame) =>
        !segment.Deleted.Contains(offset) && !FrameFormat.IsLost(frame);

    private static bool Push<TSink>(Segment segment, long offset, ReadOnlySpan<byte> frame, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct =>
        sink.Accept(
            new SegmentAddress(segment.Number, offset).Location,
            Body(frame),
            new RecordInfo(FrameFormat.LsnOf(frame), IsDeleted: false));

    private FrameOutcome FrameAt(
        Segment segment,
        Extent[] extents,
        long offset,
        int expected,
        scoped ref FileWindow window,
        out ReadOnlySpan<byte> frame)
    {
        if (Segment.Find(extents, offset) is { } extent)
        {
            var address = new SegmentAddress(segment.Number, offset);
            return FrameAccess.At(catalog.StoreKey, extent, address, expected, ref window, out frame);
        }

        frame = default;
        return FrameOutcome.Missing;
    }

    private static ReadOnlySpan<byte> Body(ReadOnlySpan<byte> frame) =>
        frame.Slice(FrameFormat.HeaderBytes, FrameFormat.BodyBytes(frame));

    private static RecordInfo Info(Segment segment, RecordLocation location, ReadOnlySpan<byte> frame) =>
        new(FrameFormat.LsnOf(frame), segment.Deleted.Contains(SegmentAddress.Of(location).Offset));

    private StorageException Damage(Segment segment, long offset, FrameOutcome outcome) => StorageException.Corrupt(
        catalog.PathOf(segment.Name),
        offset,
        outcome switch
        {
            FrameOutcome.BadLength => "the record's length cannot be right",
            FrameOutcome.BadChecksum => "the record fails its checksum",
            FrameOutcome.BadBlock => "the compressed block that holds the record fails its checksum",
            FrameOutcome.Missing => "the file ends before the record does",
            _ => "the record does not follow the one before it",
        });
}
