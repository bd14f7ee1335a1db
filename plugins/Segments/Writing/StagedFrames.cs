using Mortise.Records;

namespace Mortise.Segments;

/// <summary>Frames that stand ready behind the applied ones, in memory and in the file, until their batches come.</summary>
/// <remarks>Threads: the store's writer.</remarks>
internal sealed class StagedFrames
{
    private readonly List<StagedRecord> _records = [];
    private int _next;

    /// <summary>Where the first of them that was not taken starts in its segment; -1 when there is none.</summary>
    public long Start { get; private set; } = -1;

    /// <summary>Notes frames that were written.</summary>
    public void Set(ReadOnlySpan<StagedRecord> records)
    {
        Clear();
        _records.AddRange(records);
        Start = SegmentAddress.Of(records[0].Location).Offset;
    }

    /// <summary>Forgets what is left: the frames mean nothing from here on.</summary>
    public void Clear()
    {
        _records.Clear();
        _next = 0;
        Start = -1;
    }

    /// <summary>Takes the next frame if it is this one; anything else ends them all.</summary>
    public bool TryTake(RecordLocation location, Lsn lsn, int bodyBytes)
    {
        if (_next < _records.Count
            && _records[_next] is var record
            && record.Location == location && record.Lsn == lsn && record.Length == bodyBytes)
        {
            _next++;
            return true;
        }

        Clear();
        return false;
    }

    /// <summary>What was taken is written up to here.</summary>
    public void Advance(long end) => Start = _next < _records.Count ? end : -1;
}
