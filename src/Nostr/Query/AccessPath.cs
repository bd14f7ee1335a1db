using System.Buffers.Binary;
using Mortise.Engine;
using Mortise.Indexing;
using Mortise.Primitives;

namespace Mortise.Nostr;

/// <summary>One way to find a superset of the events that a filter wants: key prefixes in one family.</summary>
internal sealed class AccessPath(FamilyView family, FilterConditions decides, bool isPoint, int ranges)
{
    // Estimating thousands of ranges would cost more than it saves; these many are looked at, spread evenly.
    private const int EstimatedRanges = 32;

    private readonly int[] _ends = new int[ranges];
    private byte[] _prefixes = [];
    private int _count;

    public FamilyView Family { get; } = family;

    /// <summary>What need not be checked on a record found this way.</summary>
    public FilterConditions Decides { get; } = decides;

    /// <summary>True when the prefixes are whole keys that name one event each; else each range is newest
    /// first.</summary>
    public bool IsPoint { get; } = isPoint;

    /// <summary>What the prefixes stand for, for people; empty when the family's name says it.</summary>
    public string Label { get; set; } = "";

    public int Count => _count;

    /// <summary>About how many entries the ranges hold; -1 until asked.</summary>
    public double Entries { get; private set; } = -1;

    public void Add(ReadOnlySpan<byte> prefix)
    {
        Invariant.Holds(_count < _ends.Length);
        int start = _count == 0 ? 0 : _ends[_count - 1];
        if (_prefixes.Length - start < prefix.Length)
        {
            Array.Resize(ref _prefixes, Math.Max(prefix.Length * (_ends.Length - _count), start + prefix.Length));
        }

        prefix.CopyTo(_prefixes.AsSpan(start));
        _ends[_count++] = start + prefix.Length;
    }

    public ReadOnlySpan<byte> Prefix(int index)
    {
        int start = index == 0 ? 0 : _ends[index - 1];
        return _prefixes.AsSpan(start, _ends[index] - start);
    }

    /// <summary>Opens a cursor over the part of a prefix's range that is in a window.</summary>
    public FamilyCursor OpenCursor(int index, in QueryWindow window)
    {
        Span<byte> scratch = stackalloc byte[ScratchBytes(index)];
        return Family.OpenCursor(Range(index, window, scratch), window.Ordinals, EntryOrder.NewestFirst);
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
            Span<byte> scratch = new byte[ScratchBytes(i)];
            sum += Family.Estimate(Range(i, window, scratch), window.Ordinals);
        }

        return Entries = sum * _count / seen;
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
