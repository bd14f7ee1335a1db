using System.Buffers;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>Entries whose records are read in one call, and those of them that a check let through.</summary>
/// <remarks>Portions grow from 4 to 64 entries: enough for reads to overlap, few enough that a consumer that stops early
/// costs little. Memory: 64 entries twice, and where records are kept, about <see cref="MaxKeptBytes"/> of
/// them and one record, borrowed from a pool.</remarks>
internal sealed class RecordPortion
{
    /// <summary>The most entries of one portion.</summary>
    public const int MaxEntries = 64;

    private const int FirstEntries = 4;
    private const int MaxKeptBytes = 64 << 10;

    private readonly Entry[] _candidates = new Entry[MaxEntries];
    private readonly RecordLocation[] _locations = new RecordLocation[MaxEntries];
    private readonly Entry[] _kept = new Entry[MaxEntries];
    private byte[] _records = [];
    private int _size = FirstEntries / 2;
    private int _candidateCount;
    private int _examined;
    private int _keptCount;
    private int _next;
    private int _used;

    /// <summary>True when no candidate waits for its record to be read.</summary>
    public bool IsExamined => _examined == _candidateCount;

    /// <summary>How many candidates a consumer that may stop at each should wait for.</summary>
    public int NextSize() => _size = Math.Min(2 * _size, MaxEntries);

    /// <summary>Begins a portion of candidates.</summary>
    public void Begin()
    {
        _candidateCount = 0;
        _examined = 0;
    }

    public void Add(in Entry candidate)
    {
        _locations[_candidateCount] = candidate.Location;
        _candidates[_candidateCount++] = candidate;
    }

    /// <summary>Reads the records of the candidates that are left, until enough bytes are kept.</summary>
    /// <param name="records">Where they are.</param>
    /// <param name="check">Says which are results.</param>
    /// <param name="keepsRecords">True to keep their bytes.</param>
    /// <returns>How many were read.</returns>
    public int Read<TCheck>(IRecordStore records, TCheck check, bool keepsRecords)
        where TCheck : struct, IRecordCheck
    {
        _keptCount = 0;
        _next = 0;
        _used = 0;
        int before = _examined;
        var sink = new KeepingSink<TCheck>(this, check, keepsRecords);
        records.ReadMany(_locations.AsSpan(_examined, _candidateCount - _examined), ref sink);
        return _examined - before;
    }

    /// <summary>Pushes the records of all candidates, nothing of which is kept.</summary>
    /// <returns>How many there were.</returns>
    public int PushTo<TSink>(IRecordStore records, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        records.ReadMany(_locations.AsSpan(0, _candidateCount), ref sink);
        _examined = _candidateCount;
        return _candidateCount;
    }

    /// <summary>Takes the next entry that was let through.</summary>
    public bool TryTake(out Entry entry)
    {
        bool isThere = _next < _keptCount;
        entry = isThere ? _kept[_next++] : default;
        return isThere;
    }

    /// <summary>The record of the entry that was taken last; until more are read.</summary>
    public ReadOnlySpan<byte> Record(in Entry taken) => _records.AsSpan(taken.InlineSlot, taken.InlineLength);

    /// <summary>Gives the records' memory back; the next portion is the first of another query.</summary>
    public void End()
    {
        if (_records.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_records);
        }

        _records = [];
        _size = FirstEntries / 2;
        _candidateCount = _examined = _keptCount = _next = _used = 0;
    }

    private void Keep(ReadOnlySpan<byte> record, bool keepsRecord)
    {
        Entry entry = _candidates[_examined - 1];
        if (keepsRecord)
        {
            if (_records.Length - _used < record.Length)
            {
                Grow(record.Length);
            }

            record.CopyTo(_records.AsSpan(_used));
            entry = entry with { InlineSlot = _used, InlineLength = record.Length };
            _used += record.Length;
        }

        _kept[_keptCount++] = entry;
    }

    private void Grow(int length)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(16 << 10, Math.Max(2 * _records.Length, _used + length)));
        _records.AsSpan(0, _used).CopyTo(larger);
        if (_records.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_records);
        }

        _records = larger;
    }

    private readonly struct KeepingSink<TCheck>(RecordPortion portion, TCheck check, bool keepsRecords) : IRecordSink
        where TCheck : struct, IRecordCheck
    {
        public bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info)
        {
            portion._examined++;
            if (check.IsResult(record))
            {
                portion.Keep(record, keepsRecords);
            }

            return portion._used < MaxKeptBytes;
        }
    }
}

/// <summary>Says of a record whether it is a result.</summary>
internal interface IRecordCheck
{
    bool IsResult(ReadOnlySpan<byte> record);
}
