using System.Buffers;
using System.Buffers.Binary;
using Mortise.Engine;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>The entries of one access path, newest first: its ranges are scanned in portions, and a binary heap holds
/// the first entry of each.</summary>
/// <remarks>
/// <para>A range costs one call to its family a portion and no cursor, and nothing of the index is held between portions.
/// First portions are of one entry where there are many ranges, and each is twice the one before, so at most twice the
/// entries that are taken are read, and one a range more.</para>
/// <para>Of a partitioned family it reads one period of all ranges after the other: a range without a recent entry does
/// not make it open older partitions before the recent entries of the others are used up.</para>
/// <para>Memory: at most <see cref="MaxBuffered"/> entries of 32 bytes, or two a range where that is more, twice; and the
/// records of those entries where the family keeps them inline, about <see cref="MaxInlinePortion"/> bytes a
/// portion. All of it is borrowed from pools.</para>
/// </remarks>
internal sealed class MergeStream : EntryStream
{
    private const int PortionAfterSeek = 2;
    private const int MaxPortion = 256;
    private const int MaxBuffered = 16 << 10;
    private const int MaxInlinePortion = 16 << 10;

    /// <summary>Ranges whose first entries are looked for in one call.</summary>
    private const int RangesPerCall = 256;

    private const int ContinuationBytes = OrderKey.Bytes + sizeof(ulong) + 1;

    private InlineRecords? _ownRecords;
    private InlineRecords? _records;
    private AccessPath _path = null!;
    private QueryWindow _window;
    private PortionSizing _sizing;
    private QueryWindow _period;
    private Input[] _inputs = [];
    private Head[] _heap = [];
    private Entry[] _buffer = [];
    private int _inputCount;
    private int _bufferUsed;
    private int _maxPortion;
    private long _nextPeriod;
    private long _taken;
    private long _partitions;
    private int _size;
    private bool _isTopTaken;

    /// <summary>Begins.</summary>
    /// <param name="path">A path over newest-first ranges.</param>
    /// <param name="window">The part wanted.</param>
    /// <param name="sizing">How many entries will be wanted.</param>
    /// <param name="wantsRecords">True to keep records that entries hold inline.</param>
    public void Begin(AccessPath path, in QueryWindow window, in PortionSizing sizing, bool wantsRecords)
    {
        _path = path;
        _window = window;
        _sizing = sizing;
        _inputs = ArrayPool<Input>.Shared.Rent(path.Count);
        _heap = ArrayPool<Head>.Shared.Rent(path.Count);
        _buffer = ArrayPool<Entry>.Shared.Rent(path.Count);
        _nextPeriod = window.Ordinals.Last;
        _records = wantsRecords && path.Family.InlineBelowBytes > 0 ? _ownRecords ??= new InlineRecords() : null;
    }

    public override long Partitions => _partitions;

    public override bool KeepsRecords => _records is not null;

    public override bool MoveNext(out Entry entry)
    {
        if (_isTopTaken)
        {
            AdvanceTop();
        }

        return FillAndTake(out entry);
    }

    public override bool SeekTo(in Entry target, out Entry entry)
    {
        if (_isTopTaken && !_buffer[_inputs[_heap[0].Input].Next].IsBefore(target))
        {
            AdvanceTop();
        }

        while (HasTop())
        {
            if (!_buffer[_inputs[_heap[0].Input].Next].IsBefore(target))
            {
                return FillAndTake(out entry);
            }

            SeekTop(target);
        }

        entry = default;
        return false;
    }

    public override ReadOnlySpan<byte> Inline(in Entry entry) =>
        entry.InlineSlot < 0 ? default : _records!.Get(entry);

    public override void End()
    {
        base.End();
        GiveBack(ref _inputs);
        GiveBack(ref _heap);
        GiveBack(ref _buffer);
        _ownRecords?.End();
        _records = null;
        _path = null!;
        _window = default;
        _period = default;
        _inputCount = 0;
        _bufferUsed = 0;
        _taken = 0;
        _partitions = 0;
        _size = 0;
        _isTopTaken = false;
        _nextPeriod = -1;
    }

    /// <summary>Makes sure that there is a first entry, in an older period when this one is used up.</summary>
    private bool HasTop()
    {
        while (_size == 0)
        {
            if (!OpenPeriod())
            {
                return false;
            }
        }

        return true;
    }

    private bool FillAndTake(out Entry entry)
    {
        _isTopTaken = HasTop();
        if (!_isTopTaken)
        {
            entry = default;
            return false;
        }

        _taken++;
        entry = _buffer[_inputs[_heap[0].Input].Next];
        return true;
    }

    /// <summary>Reads the first portion of all ranges in the next older period.</summary>
    /// <returns>False when there is none.</returns>
    private bool OpenPeriod()
    {
        if (_nextPeriod < _window.Ordinals.First)
        {
            return false;
        }

        FamilyView family = _path.Family;
        OrdinalRange cluster = family.ClusterAt(_nextPeriod);
        if (cluster.IsEmpty)
        {
            _nextPeriod = -1;
            return false;
        }

        _period = _window.Within(cluster);
        _nextPeriod = _period.Ordinals.First - 1;
        int partitions = family.CountPartitions(_period.Ordinals);
        int inputs = partitions * _path.Count;
        Reserve(ref _inputs, inputs, keep: 0);
        Reserve(ref _heap, inputs, keep: 0);
        _inputCount = 0;
        _bufferUsed = 0;
        _maxPortion = Math.Clamp(MaxBuffered / Math.Max(1, inputs), 2, MaxPortion);
        _records?.Clear();
        int first = Math.Min(_sizing.First(inputs, _taken), _maxPortion);
        for (int partition = 0; partition < family.PartitionCount; partition++)
        {
            if (family.BoundsOf(partition).Overlaps(_period.Ordinals))
            {
                OpenRanges(partition, first);
            }
        }

        for (int i = (_size / 2) - 1; i >= 0; i--)
        {
            SiftDown(i);
        }

        return true;
    }

    private void OpenRanges(int partition, int portion)
    {
        _partitions += _path.Count;
        if (portion > 1 || _path.Count == 1 || _records is not null)
        {
            for (int range = 0; range < _path.Count; range++)
            {
                Open(range, partition, portion);
            }

            return;
        }

        for (int range = 0; range < _path.Count; range += RangesPerCall)
        {
            int count = Math.Min(RangesPerCall, _path.Count - range);
            Reserve(ref _buffer, _bufferUsed + count, keep: _bufferUsed);
            var sink = new FirstSink(this, partition, range);
            _path.ScanFirst(range, count, _period, partition, ref sink);
        }
    }

    private void TakeFirst(int range, int partition, in Entry entry)
    {
        int at = _bufferUsed++;
        _buffer[at] = entry;
        _inputs[_inputCount] = new Input
        {
            Range = range,
            Partition = partition,
            Start = at,
            Capacity = 1,
            Next = at,
            End = at + 1,
            Portion = 1,
            HasMore = true,
        };
        _heap[_size++] = new Head(entry, _inputCount++);
        Examined++;
    }

    private void Open(int range, int partition, int portion)
    {
        _inputs[_inputCount] = new Input { Range = range, Partition = partition };
        if (ReadPortion(_inputCount, portion, []))
        {
            _heap[_size++] = new Head(_buffer[_inputs[_inputCount].Next], _inputCount);
            _inputCount++;
        }
    }

    private void AdvanceTop()
    {
        _isTopTaken = false;
        int index = _heap[0].Input;
        ref Input input = ref _inputs[index];
        _records?.Drop(_buffer[input.Next]);
        input.Next++;
        ReplaceTop(index, input.Next < input.End || ReadNextPortion(index));
    }

    private void SeekTop(in Entry target)
    {
        _isTopTaken = false;
        int index = _heap[0].Input;
        ref Input input = ref _inputs[index];
        while (input.Next < input.End && _buffer[input.Next].IsBefore(target))
        {
            _records?.Drop(_buffer[input.Next]);
            input.Next++;
        }

        ReplaceTop(index, input.Next < input.End || ReadFrom(index, target));
    }

    /// <summary>Reads on behind the last entry of a range that was read.</summary>
    private bool ReadNextPortion(int index)
    {
        ref readonly Input input = ref _inputs[index];
        if (!input.HasMore)
        {
            return false;
        }

        Span<byte> from = stackalloc byte[_path.Prefix(input.Range).Length + ContinuationBytes];
        WriteKey(from, input.Range, _buffer[input.End - 1]);
        from[^1] = 0;
        return ReadPortion(index, _sizing.Next(input.Portion, _maxPortion, _taken), from);
    }

    /// <summary>Reads on at the first entry that is not before another.</summary>
    private bool ReadFrom(int index, in Entry target)
    {
        ref readonly Input input = ref _inputs[index];
        if (!input.HasMore)
        {
            return false;
        }

        Span<byte> from = stackalloc byte[_path.Prefix(input.Range).Length + OrderKey.Bytes + sizeof(ulong)];
        WriteKey(from, input.Range, target);
        return ReadPortion(index, PortionAfterSeek, from);
    }

    private void WriteKey(Span<byte> key, int range, in Entry entry)
    {
        ReadOnlySpan<byte> prefix = _path.Prefix(range);
        prefix.CopyTo(key);
        entry.Order.Write(key[prefix.Length..]);
        BinaryPrimitives.WriteUInt64BigEndian(key[(prefix.Length + OrderKey.Bytes)..], entry.Location.Value);
    }

    /// <summary>Fills a range's part of the buffer.</summary>
    /// <returns>False when there is nothing left of the range.</returns>
    private bool ReadPortion(int index, int portion, ReadOnlySpan<byte> from)
    {
        ref Input input = ref _inputs[index];
        input.Portion = portion;
        if (portion > input.Capacity)
        {
            Reserve(ref _buffer, _bufferUsed + portion, keep: _bufferUsed);
            input.Start = _bufferUsed;
            input.Capacity = portion;
            _bufferUsed += portion;
        }

        input.Next = input.Start;
        input.End = input.Start;
        _records?.MakeRoom(_buffer, _inputs.AsSpan(0, _inputCount));
        var sink = new PortionSink(this, index);
        _path.Scan(input.Range, _period, input.Partition, from, ref sink);
        input.HasMore = sink.IsStopped;
        Examined += input.End - input.Start;
        return input.End > input.Start;
    }

    /// <returns>False when the portion is full.</returns>
    private bool Take(ref Input input, ReadOnlySpan<byte> key, RecordLocation location, ReadOnlySpan<byte> inline)
    {
        var entry = new Entry(OrderKey.Read(key), location);
        bool isFull = false;
        if (_records is not null && !inline.IsEmpty)
        {
            entry = _records.Keep(entry, inline);
            isFull = _records.PortionBytes >= MaxInlinePortion;
        }

        _buffer[input.End++] = entry;
        return !isFull && input.End - input.Start < input.Portion;
    }

    private void ReplaceTop(int input, bool hasMore)
    {
        _heap[0] = hasMore ? new Head(_buffer[_inputs[input].Next], input) : _heap[--_size];
        if (_size > 1)
        {
            SiftDown(0);
        }
    }

    private void SiftDown(int at)
    {
        Head moving = _heap[at];
        while (true)
        {
            int child = (2 * at) + 1;
            if (child >= _size)
            {
                break;
            }

            if (child + 1 < _size && _heap[child + 1].IsBefore(_heap[child]))
            {
                child++;
            }

            if (!_heap[child].IsBefore(moving))
            {
                break;
            }

            _heap[at] = _heap[child];
            at = child;
        }

        _heap[at] = moving;
    }

    private static void Reserve<T>(ref T[] array, int length, int keep)
    {
        if (array.Length >= length)
        {
            return;
        }

        T[] larger = ArrayPool<T>.Shared.Rent(Math.Max(length, 2 * array.Length));
        array.AsSpan(0, keep).CopyTo(larger);
        GiveBack(ref array);
        array = larger;
    }

    private static void GiveBack<T>(ref T[] array)
    {
        if (array.Length > 0)
        {
            ArrayPool<T>.Shared.Return(array);
            array = [];
        }
    }

    /// <summary>One range in one partition: the entries of its current portion, at <see cref="Next"/> to
    /// <see cref="End"/> in the buffer, of a part that begins at <see cref="Start"/>.</summary>
    internal struct Input
    {
        public int Range;
        public int Partition;
        public int Start;
        public int Capacity;
        public int Next;
        public int End;
        public int Portion;
        public bool HasMore;
    }

    private readonly struct Head(in Entry entry, int input)
    {
        private readonly OrderKey _order = entry.Order;
        private readonly ulong _location = entry.Location.Value;

        public int Input { get; } = input;

        public bool IsBefore(in Head other)
        {
            int comparison = _order.CompareTo(other._order);
            return comparison != 0 ? comparison < 0 : _location < other._location;
        }
    }

    private readonly struct FirstSink(MergeStream stream, int partition, int firstRange) : IFamilyFirstSink
    {
        public bool Accept(int range, ReadOnlySpan<byte> key, RecordLocation location, ReadOnlySpan<byte> inline)
        {
            stream.TakeFirst(firstRange + range, partition, new Entry(OrderKey.Read(key), location));
            return true;
        }
    }

    private struct PortionSink(MergeStream stream, int input) : IFamilySink
    {
        public bool IsStopped { get; private set; }

        public bool Accept(ReadOnlySpan<byte> key, RecordLocation location, ReadOnlySpan<byte> inline)
        {
            IsStopped = !stream.Take(ref stream._inputs[input], key, location, inline);
            return !IsStopped;
        }
    }
}
