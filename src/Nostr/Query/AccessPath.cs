using System.Buffers;
using System.Buffers.Binary;
using Mortise.Engine;
using Mortise.Indexing;
using Mortise.Primitives;

namespace Mortise.Nostr;

/// <summary>One way to find a superset of the events that a filter wants: key prefixes in one family.</summary>
/// <remarks>Borrows memory from <see cref="Begin"/> to <see cref="End"/>: a few bytes a range, besides the prefixes.</remarks>
internal sealed class AccessPath
{
    // Estimating thousands of ranges would cost more than it saves; these many are looked at, spread evenly.
    private const int EstimatedRanges = 32;

    private int[] _ends = [];
    private byte[] _prefixes = [];
    private int _ranges;
    private int _count;

    public FamilyView Family { get; private set; } = null!;

    /// <summary>What need not be checked on a record found this way.</summary>
    public FilterConditions Decides { get; private set; }

    /// <summary>True when the prefixes are whole keys that name one event each; else each range is newest
    /// first.</summary>
    public bool IsPoint { get; private set; }

    /// <summary>What the prefixes stand for, for people; empty when the family's name says it.</summary>
    public string Label { get; set; } = "";

    public int Count => _count;

    /// <summary>About how many entries the ranges hold; -1 until asked.</summary>
    public double Entries { get; private set; } = -1;

    /// <summary>Begins a path of so many ranges, at most; the one before has ended.</summary>
    public void Begin(FamilyView family, FilterConditions decides, bool isPoint, int ranges)
    {
        Family = family;
        Decides = decides;
        IsPoint = isPoint;
        Label = "";
        Entries = -1;
        _ranges = ranges;
        _ends = ArrayPool<int>.Shared.Rent(ranges);
    }

    public void Add(ReadOnlySpan<byte> prefix)
    {
        Invariant.Holds(_count < _ranges);
        int start = _count == 0 ? 0 : _ends[_count - 1];
        if (_prefixes.Length - start < prefix.Length)
        {
            Grow(start, Math.Max(prefix.Length * (_ranges - _count), prefix.Length));
        }

        prefix.CopyTo(_prefixes.AsSpan(start));
        _ends[_count++] = start + prefix.Length;
    }

    public ReadOnlySpan<byte> Prefix(int index)
    {
        int start = index == 0 ? 0 : _ends[index - 1];
        return _prefixes.AsSpan(start, _ends[index] - start);
    }

    /// <summary>Pushes entries of a prefix in one partition to a sink.</summary>
    /// <param name="index">The prefix.</param>
    /// <param name="window">The part wanted.</param>
    /// <param name="partition">See <see cref="FamilyView.BoundsOf"/>.</param>
    /// <param name="from">The first key wanted, with location; empty for the first of the window.</param>
    /// <param name="sink">Stops by returning false.</param>
    public void Scan<TSink>(
        int index, in QueryWindow window, int partition, ReadOnlySpan<byte> from, ref TSink sink)
        where TSink : struct, IFamilySink
    {
        Span<byte> scratch = stackalloc byte[ScratchBytes(index)];
        KeyRange range = Range(index, window, scratch);
        Family.Scan(partition, from.IsEmpty ? range : new KeyRange(from, range.End), ref sink);
    }

    /// <summary>Pushes the first entries of some prefixes in one partition to a sink, in their order; cheaper than as many
    /// scans.</summary>
    /// <param name="first">The first of the prefixes; the sink is given their numbers from there on.</param>
    /// <param name="count">How many.</param>
    /// <param name="window">The part wanted.</param>
    /// <param name="partition">See <see cref="FamilyView.BoundsOf"/>.</param>
    /// <param name="sink">Stops by returning false.</param>
    public void ScanFirst<TSink>(int first, int count, in QueryWindow window, int partition, ref TSink sink)
        where TSink : struct, IFamilyFirstSink
    {
        int room = 0;
        for (int i = first; i < first + count; i++)
        {
            room += ScratchBytes(i);
        }

        byte[] keys = ArrayPool<byte>.Shared.Rent(room);
        int[] ends = ArrayPool<int>.Shared.Rent(2 * count);
        try
        {
            int used = 0;
            for (int i = 0; i < count; i++)
            {
                // The end lies behind the start, with nothing between.
                KeyRange range = Range(first + i, window, keys.AsSpan(used));
                ends[2 * i] = used += range.Start.Length;
                ends[(2 * i) + 1] = used += range.End.Length;
            }

            Family.ScanFirst(partition, new KeyRanges(keys.AsSpan(0, used), ends.AsSpan(0, 2 * count)), ref sink);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(keys);
            ArrayPool<int>.Shared.Return(ends);
        }
    }

    /// <summary>About how many entries of the family are in the window and have one of the prefixes.</summary>
    public double Estimate(in QueryWindow window)
    {
        if (Entries >= 0)
        {
            return Entries;
        }

        if (IsPoint)
        {
            return Entries = _count;
        }

        double sum = 0;
        int step = Math.Max(1, _count / EstimatedRanges);
        int seen = 0;
        for (int i = 0; i < _count; i += step, seen++)
        {
            sum += EstimateRange(i, window);
        }

        return Entries = sum * _count / seen;
    }

    /// <summary>Gives the memory back; the path has no ranges any more.</summary>
    public void End()
    {
        Family = null!;
        if (_ends.Length > 0)
        {
            ArrayPool<int>.Shared.Return(_ends);
            ReturnPrefixes();
            _ends = [];
            _prefixes = [];
            _count = 0;
        }
    }

    private void Grow(int used, int more)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(used + more);
        _prefixes.AsSpan(0, used).CopyTo(larger);
        ReturnPrefixes();
        _prefixes = larger;
    }

    private void ReturnPrefixes()
    {
        if (_prefixes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_prefixes);
        }
    }

    private long EstimateRange(int index, in QueryWindow window)
    {
        Span<byte> scratch = stackalloc byte[ScratchBytes(index)];
        return Family.Estimate(Range(index, window, scratch), window.Ordinals);
    }

    private int ScratchBytes(int index) => 2 * (Prefix(index).Length + OrderKey.Bytes);

    private KeyRange Range(int index, in QueryWindow window, Span<byte> scratch)
    {
        ReadOnlySpan<byte> prefix = Prefix(index);
        Span<byte> start = scratch[..(prefix.Length + OrderKey.Bytes)];
        prefix.CopyTo(start);
        window.First.Write(start[prefix.Length..]);
        Span<byte> end = scratch[start.Length..];
        if (window.LastInvertedTime == ulong.MaxValue)
        {
            return new KeyRange(start, KeyRange.WithPrefix(prefix, end).End);
        }

        end = end[..(prefix.Length + OrderKey.TimeBytes)];
        prefix.CopyTo(end);
        BinaryPrimitives.WriteUInt64BigEndian(end[prefix.Length..], window.LastInvertedTime + 1);
        return new KeyRange(start, end);
    }
}
