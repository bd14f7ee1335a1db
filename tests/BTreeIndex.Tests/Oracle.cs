using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Mortise.Indexing;

namespace Mortise.BTreeIndex.Tests;

/// <summary>What an index must hold: a sorted dictionary.</summary>
internal static class Oracle
{
    // Immutable maps are slow to walk; each is walked once.
    private static readonly ConditionalWeakTable<
        ImmutableSortedDictionary<byte[], byte[]>, KeyValuePair<byte[], byte[]>[]> s_sorted = [];

    public static ImmutableSortedDictionary<byte[], byte[]> Empty { get; } =
        ImmutableSortedDictionary.Create<byte[], byte[]>(KeyOrder.Instance);

    public static ImmutableSortedDictionary<byte[], byte[]> With(
        this ImmutableSortedDictionary<byte[], byte[]> map, BatchMaker batch)
    {
        var builder = map.ToBuilder();
        foreach ((byte[] key, byte[]? value) in batch.Changes)
        {
            if (value is null)
            {
                builder.Remove(key);
            }
            else
            {
                builder[key] = value;
            }
        }

        return builder.ToImmutable();
    }

    /// <summary>The whole content, by a scan in each direction and by a cursor.</summary>
    public static void AssertEqual(ImmutableSortedDictionary<byte[], byte[]> expected, IIndexSnapshot snapshot)
    {
        AssertRange(expected, snapshot, [], []);
        AssertFirst(expected, snapshot);
        byte[] buffer = new byte[9000];
        foreach ((byte[] key, byte[] value) in expected.Take(50))
        {
            Assert.True(snapshot.TryGet(key, buffer, out int length));
            Assert.True(value.AsSpan().SequenceEqual(buffer.AsSpan(0, length)), Convert.ToHexString(key));
        }
    }

    /// <summary>The first entries of ranges that begin and end at, before and behind keys, more than are looked for at
    /// once; the sink stops at one of them.</summary>
    private static void AssertFirst(ImmutableSortedDictionary<byte[], byte[]> expected, IIndexSnapshot snapshot)
    {
        KeyValuePair<byte[], byte[]>[] all = Range(expected, [], []).ToArray();
        List<byte[]> bounds = [[], [0], [255]];
        for (int i = 0; i < all.Length; i += Math.Max(1, all.Length / 20))
        {
            bounds.AddRange([all[i].Key, [.. all[i].Key, 0], all[i].Key[..^1]]);
        }

        List<byte> keys = [];
        List<int> ends = [];
        List<(int Range, KeyValuePair<byte[], byte[]> Entry)> wanted = [];
        for (int i = 0; i < bounds.Count; i++)
        {
            byte[] start = bounds[i];
            byte[] end = bounds[(i * 7) % bounds.Count];
            keys.AddRange(start);
            ends.Add(keys.Count);
            keys.AddRange(end);
            ends.Add(keys.Count);
            ReadOnlyMemory<KeyValuePair<byte[], byte[]>> range = Range(expected, start, end);
            if (range.Length > 0)
            {
                wanted.Add((i, range.Span[0]));
            }
        }

        foreach (int stopAfter in (int[])[int.MaxValue, 1, 20])
        {
            var sink = new FirstSink([], stopAfter);
            snapshot.ScanFirst(new KeyRanges([.. keys], [.. ends]), ref sink);
            Assert.Equal(
                wanted.Take(stopAfter).Select(static w => Show(w.Range, w.Entry.Key, w.Entry.Value)), sink.Seen);
        }
    }

    private static string Show(int range, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        $"{range}: {Convert.ToHexString(key)} = {Convert.ToHexString(value)}";

    private readonly struct FirstSink(List<string> seen, int stopAfter) : IFirstEntrySink
    {
        public List<string> Seen => seen;

        public bool Accept(int range, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            seen.Add(Show(range, key, value));
            return seen.Count < stopAfter;
        }
    }

    public static void AssertRange(
        ImmutableSortedDictionary<byte[], byte[]> expected, IIndexSnapshot snapshot, byte[] start, byte[] end)
    {
        ReadOnlyMemory<KeyValuePair<byte[], byte[]>> wanted = Range(expected, start, end);
        foreach (ScanDirection direction in (ScanDirection[])[ScanDirection.Forward, ScanDirection.Backward])
        {
            ComparingSink sink = new(wanted, direction, "scan");
            snapshot.Scan(new KeyRange(start, end), direction, ref sink);
            sink.AssertComplete();
            ComparingSink walk = new(wanted, direction, "cursor");
            using IIndexCursor cursor = snapshot.OpenCursor(new KeyRange(start, end), direction);
            while (cursor.MoveNext())
            {
                walk.Accept(cursor.Key, cursor.Value);
            }

            Assert.False(cursor.MoveNext());
            walk.AssertComplete();
        }

        long estimate = snapshot.Estimate(new KeyRange(start, end));
        Assert.True(estimate >= (wanted.Length > 0 ? 1 : 0), $"estimated {estimate} of {wanted.Length}");
    }

    /// <summary>The entries of a range in key order.</summary>
    public static ReadOnlyMemory<KeyValuePair<byte[], byte[]>> Range(
        ImmutableSortedDictionary<byte[], byte[]> map, ReadOnlySpan<byte> start, ReadOnlySpan<byte> end)
    {
        KeyValuePair<byte[], byte[]>[] sorted = s_sorted.GetValue(map, static m => [.. m]);
        int from = LowerBound(sorted, start);
        int to = end.IsEmpty ? sorted.Length : LowerBound(sorted, end);
        return from < to ? sorted.AsMemory(from..to) : default;
    }

    private static int LowerBound(KeyValuePair<byte[], byte[]>[] sorted, ReadOnlySpan<byte> key)
    {
        int low = 0;
        int high = sorted.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (sorted[middle].Key.AsSpan().SequenceCompareTo(key) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>Fails at the first entry that is not the next one expected.</summary>
    internal struct ComparingSink(
        ReadOnlyMemory<KeyValuePair<byte[], byte[]>> expected, ScanDirection direction, string what) : IEntrySink
    {
        /// <summary>Entries seen, all as expected.</summary>
        public int Count { get; private set; }

        public bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            ReadOnlySpan<KeyValuePair<byte[], byte[]>> all = expected.Span;
            if (Count == all.Length)
            {
                Assert.Fail($"{what} {direction}: {Convert.ToHexString(key)} behind all {all.Length} expected");
            }

            KeyValuePair<byte[], byte[]> next = all[direction == ScanDirection.Forward ? Count : all.Length - 1 - Count];
            if (!key.SequenceEqual(next.Key) || !value.SequenceEqual(next.Value))
            {
                Assert.Fail($"{what} {direction}: entry {Count} is {Convert.ToHexString(key)} = {Convert.ToHexString(value)}, "
                    + $"expected {Convert.ToHexString(next.Key)} = {Convert.ToHexString(next.Value)}");
            }

            Count++;
            return true;
        }

        public readonly void AssertComplete() =>
            Assert.True(Count == expected.Length, $"{what} {direction}: {Count} entries, expected {expected.Length}");
    }
}
