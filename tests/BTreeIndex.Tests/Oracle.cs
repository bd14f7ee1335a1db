using System.Collections.Immutable;
using Mortise.Indexing;

namespace Mortise.BTreeIndex.Tests;

/// <summary>What an index must hold: a sorted dictionary.</summary>
internal static class Oracle
{
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
        foreach ((byte[] key, byte[] value) in expected.Take(50))
        {
            byte[] buffer = new byte[9000];
            Assert.True(snapshot.TryGet(key, buffer, out int length));
            Assert.Equal(value, buffer[..length]);
        }
    }

    public static void AssertRange(
        ImmutableSortedDictionary<byte[], byte[]> expected, IIndexSnapshot snapshot, byte[] start, byte[] end)
    {
        List<KeyValuePair<byte[], byte[]>> wanted = [];
        foreach (KeyValuePair<byte[], byte[]> entry in expected)
        {
            if (new KeyRange(start, end).Contains(entry.Key))
            {
                wanted.Add(entry);
            }
        }

        foreach (ScanDirection direction in (ScanDirection[])[ScanDirection.Forward, ScanDirection.Backward])
        {
            CollectSink sink = new([]);
            snapshot.Scan(new KeyRange(start, end), direction, ref sink);
            AssertSame(wanted, sink.Entries, $"scan {direction}");
            List<KeyValuePair<byte[], byte[]>> walked = [];
            using (IIndexCursor cursor = snapshot.OpenCursor(new KeyRange(start, end), direction))
            {
                while (cursor.MoveNext())
                {
                    walked.Add(new(cursor.Key.ToArray(), cursor.Value.ToArray()));
                }

                Assert.False(cursor.MoveNext());
            }

            AssertSame(wanted, walked, $"cursor {direction}");
            wanted.Reverse();
        }

        long estimate = snapshot.Estimate(new KeyRange(start, end));
        Assert.True(estimate >= (wanted.Count > 0 ? 1 : 0), $"estimated {estimate} of {wanted.Count}");
    }

    private static void AssertSame(
        List<KeyValuePair<byte[], byte[]>> expected, List<KeyValuePair<byte[], byte[]>> actual, string what)
    {
        for (int i = 0; i < Math.Min(expected.Count, actual.Count); i++)
        {
            if (!expected[i].Key.AsSpan().SequenceEqual(actual[i].Key) || !expected[i].Value.AsSpan().SequenceEqual(actual[i].Value))
            {
                Assert.Fail($"{what}: entry {i} is {Convert.ToHexString(actual[i].Key)} = {Convert.ToHexString(actual[i].Value)}, "
                    + $"expected {Convert.ToHexString(expected[i].Key)} = {Convert.ToHexString(expected[i].Value)}");
            }
        }

        Assert.True(expected.Count == actual.Count, $"{what}: {actual.Count} entries, expected {expected.Count}");
    }

    internal readonly struct CollectSink(List<KeyValuePair<byte[], byte[]>> entries) : IEntrySink
    {
        public List<KeyValuePair<byte[], byte[]>> Entries { get; } = entries;

        public bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            Entries.Add(new(key.ToArray(), value.ToArray()));
            return true;
        }
    }
}
