using Mortise.Indexing;

namespace Mortise.BTreeIndex.Tests;

/// <summary>A sorted run in memory answers as a sorted list does.</summary>
public sealed class MemoryRunTests
{
    private static readonly IndexTraits s_traits = new() { MaxKeyBytes = 1000, MaxValueBytes = 1000, IsPersistent = true };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Entries_between_two_keys_are_those_that_sort_there(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 200; round++)
        {
            byte[][] keys = [.. Keys(random, random.Next(1, 60)).DistinctBy(Convert.ToHexString)];
            Array.Sort(keys, static (a, b) => a.AsSpan().SequenceCompareTo(b));
            MemoryRun run = Run(keys);
            byte[][] bounds = [[], .. keys, .. Keys(random, 20)];
            for (int i = 0; i < 100; i++)
            {
                byte[] start = bounds[random.Next(bounds.Length)];
                byte[] end = bounds[random.Next(bounds.Length)];
                if (end.Length > 0 && start.AsSpan().SequenceCompareTo(end) >= 0)
                {
                    continue;
                }

                int low = keys.Count(k => k.AsSpan().SequenceCompareTo(start) < 0);
                int high = end.Length == 0 ? keys.Length : keys.Count(k => k.AsSpan().SequenceCompareTo(end) < 0);
                (int foundLow, int foundHigh) = run.Between(start, end);
                string what = $"seed {seed}, round {round}: {Convert.ToHexString(start)} to {Convert.ToHexString(end)}";
                Assert.True(foundHigh - foundLow == high - low, what);
                Assert.True(high == low || foundLow == low, what);
                Assert.True(run.LowerBound(start) == low, what);
            }
        }
    }

    /// <summary>Few prefixes, of which some are as long as a head and some shorter, and few bytes behind them.</summary>
    private static IEnumerable<byte[]> Keys(Random random, int count)
    {
        byte[][] prefixes = [[], [0], [0, 0], new byte[8], [.. Enumerable.Repeat((byte)0xFF, 8)], [1, 2, 3, 4, 5, 6, 7, 8]];
        for (int i = 0; i < count; i++)
        {
            byte[] rest = new byte[random.Next(0, 4)];
            for (int at = 0; at < rest.Length; at++)
            {
                rest[at] = (byte)(random.Next(3) switch { 0 => 0, 1 => 0xFF, _ => random.Next(4) });
            }

            byte[] key = [.. prefixes[random.Next(prefixes.Length)], .. rest];
            yield return key.Length == 0 ? [7] : key;
        }
    }

    private static MemoryRun Run(byte[][] keys)
    {
        byte[] arena = [.. keys.SelectMany(static k => k)];
        var mutations = new IndexMutation[keys.Length];
        int at = 0;
        for (int i = 0; i < keys.Length; i++)
        {
            mutations[i] = new IndexMutation(IndexOperation.Set, at, keys[i].Length, at + keys[i].Length, 0);
            at += keys[i].Length;
        }

        return MemoryRunBuilder.FromBatch(new IndexBatch(new Lsn(1), arena, mutations), s_traits);
    }
}
