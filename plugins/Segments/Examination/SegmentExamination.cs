using Mortise.Components;

namespace Mortise.Segments;

/// <summary>Walks all frames of one segment, and around what is damaged.</summary>
/// <remarks>Frames start at multiples of 8 and carry a checksum of their place, so after damage the next whole frame is
/// found by trying each such offset. A zeroed or overwritten region costs the records that touch it and no others.</remarks>
internal ref struct SegmentExamination(
    ulong storeKey, uint number, string file, DeletionMap deleted, Action<Finding> report, CancellationToken cancellation)
{
    private const int ReadAhead = 1 << 20;

    // A hostile file may offer a plausible length at every offset; searching stops when it has cost this often the file.
    private const int SearchFactor = 16;

    private FileWindow _window = new(ReadAhead);
    private long _searchBudget;

    /// <summary>Receives the offsets of live records; null when nobody wants them.</summary>
    public List<long>? Live { get; init; }

    /// <summary>Receives the offset and the size of every whole frame; null when nobody wants them.</summary>
    public List<(long Offset, int Bytes)>? Frames { get; init; }

    /// <summary>Ends the walk at the first frame of a later commit; null to walk to the end.</summary>
    public Lsn? Stop { get; init; }

    /// <summary>Whole records found.</summary>
    public RecordTotals Found { get; private set; }

    /// <summary>Bytes that hold no readable record.</summary>
    public long LostBytes { get; private set; }

    /// <summary>Walks the frames of an open file.</summary>
    /// <param name="extent">All frames that count.</param>
    /// <param name="fileLength">Bytes that the file has.</param>
    public void Walk(Extent extent, long fileLength) => Walk(extent, extent.End, fileLength);

    /// <summary>Walks the frames of an extent.</summary>
    /// <param name="extent">Whole frames.</param>
    /// <param name="end">Where those that count end.</param>
    /// <param name="fileLength">As above.</param>
    public void Walk(Extent extent, long end, long fileLength)
    {
        try
        {
            WalkFrames(extent, end, fileLength);
        }
        finally
        {
            _window.Dispose();
        }
    }

    private void WalkFrames(Extent extent, long end, long fileLength)
    {
        long readable = extent.Packed is null ? Math.Min(end, fileLength) : end;
        _searchBudget = readable * SearchFactor;
        uint? previous = extent.Start == SegmentHeader.Bytes ? 0 : null;
        for (long offset = extent.Start; offset < end;)
        {
            cancellation.ThrowIfCancellationRequested();
            FrameOutcome outcome = At(extent, offset, out ReadOnlySpan<byte> frame);
            if (outcome == FrameOutcome.Whole && Stop is { } stop && FrameFormat.LsnOf(frame) > stop)
            {
                return;
            }

            if (outcome == FrameOutcome.Whole)
            {
                Count(offset, frame, previous);
                previous = (uint)frame.Length;
                offset += frame.Length;
                continue;
            }

            long next = FindNext(extent, offset, readable) is var found && found < readable ? found : end;
            LostBytes += next - offset;
            report(new Finding(
                "record-damaged",
                file,
                offset,
                $"{next - offset} bytes from here to {next} hold no readable record ({Reason(outcome)})"));
            previous = null;
            offset = next;
        }
    }

    private void Count(long offset, ReadOnlySpan<byte> frame, uint? previous)
    {
        uint before = FrameFormat.PreviousBytes(frame);
        if (previous is { } expected && expected != before)
        {
            report(new Finding(
                "record-order", file, offset, $"the record follows one of {before} bytes, found one of {expected}"));
        }

        Frames?.Add((offset, frame.Length));
        if (FrameFormat.IsLost(frame))
        {
            return;
        }

        int length = FrameFormat.BodyBytes(frame);
        RecordTotals found = Found.WithPut(length);
        bool isDeleted = deleted.Contains(offset);
        Found = isDeleted ? found.WithDelete(length) : found;
        if (!isDeleted)
        {
            Live?.Add(offset);
        }
    }

    /// <summary>The next offset with a whole frame, or the end.</summary>
    private long FindNext(Extent extent, long damaged, long end)
    {
        for (long offset = damaged + FrameFormat.Alignment; offset < end; offset += FrameFormat.Alignment)
        {
            if ((offset & 0xFFFF) == 0)
            {
                cancellation.ThrowIfCancellationRequested();
            }

            if (end - offset < FrameFormat.MinFrameBytes || !LooksLikeHeader(extent, offset, end, out int size))
            {
                if (_window.IsDamaged)
                {
                    // Nothing to find in this block; behind it the search goes on.
                    offset = Math.Min(end, extent.Packed!.NextStart(offset)) - FrameFormat.Alignment;
                }

                continue;
            }

            _searchBudget -= size;
            if (_searchBudget < 0)
            {
                return end;
            }

            if (At(extent, offset, out _) == FrameOutcome.Whole)
            {
                return offset;
            }
        }

        return end;
    }

    private bool LooksLikeHeader(Extent extent, long offset, long end, out int size)
    {
        ReadOnlySpan<byte> header = _window.Bytes(extent, offset, FrameFormat.HeaderBytes);
        size = 0;
        if (header.Length < FrameFormat.HeaderBytes || FrameFormat.Flags(header) > FrameFormat.LostFlag)
        {
            return false;
        }

        uint previous = FrameFormat.PreviousBytes(header);
        size = FrameFormat.PlausibleSize(header, end - offset);
        return size != 0 && previous % FrameFormat.Alignment == 0 && previous <= offset - SegmentHeader.Bytes;
    }

    private FrameOutcome At(Extent extent, long offset, out ReadOnlySpan<byte> frame) => FrameAccess.At(
        storeKey, extent, new SegmentAddress(number, offset), 0, ref _window, out frame);

    private static string Reason(FrameOutcome outcome) => outcome switch
    {
        FrameOutcome.BadLength => "impossible length",
        FrameOutcome.Missing => "end of file",
        FrameOutcome.BadBlock => "damaged block",
        _ => "wrong checksum",
    };
}
