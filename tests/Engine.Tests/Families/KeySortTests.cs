namespace Mortise.Engine.Tests.Families;

public sealed class KeySortTests
{
    /// <summary>Few and many keys, short and long ones, of few letters and of many, with long common prefixes, trailing
    /// zeros and repeats: every way through the sort.</summary>
    [Theory]
    [InlineData(20, 12, 2)]
    [InlineData(200, 12, 2)]
    [InlineData(3000, 12, 3)]
    [InlineData(3000, 40, 2)]
    [InlineData(3000, 40, 256)]
    [InlineData(8000, 24, 2)]
    [InlineData(3000, 3, 1)]
    [InlineData(600, 300, 1)]
    public void Keys_are_sorted_as_bytes_and_equal_ones_keep_their_order(int most, int longest, int letters)
    {
        int seed = Seed.Get(most + longest + letters);
        var random = new Random(seed);
        for (int round = 0; round < Seed.Rounds(10); round++)
        {
            byte[] prefix = new byte[random.Next(3) * 11];
            random.NextBytes(prefix);
            byte[][] all = new byte[random.Next(1, most)][];
            for (int i = 0; i < all.Length; i++)
            {
                byte[] tail = new byte[random.Next(1, longest)];
                for (int k = 0; k < tail.Length; k++)
                {
                    tail[k] = (byte)(random.Next(letters) * (256 / letters));
                }

                all[i] = random.Next(4) == 0 ? tail : [.. prefix, .. tail];
            }

            var keys = new KeySort.Key[all.Length];
            byte[] arena = [.. all.SelectMany(static k => k)];
            for (int i = 0, at = 0; i < all.Length; at += all[i].Length, i++)
            {
                keys[i] = new KeySort.Key(at, all[i].Length);
            }

            var items = new KeySort.Item[all.Length];
            KeySort.Sort(arena, keys, items, new KeySort.Item[all.Length]);
            int[] expected =
                [.. Enumerable.Range(0, all.Length).OrderBy(i => Convert.ToHexString(all[i]), StringComparer.Ordinal)];
            Assert.True(expected.SequenceEqual(items.Select(static i => i.Index)), $"seed {seed}, round {round}");
        }
    }

    /// <summary>A record may give one key as often as it likes: an event does with a tag that it repeats.</summary>
    [Theory]
    [InlineData(255, 4)]
    [InlineData(256, 4)]
    [InlineData(256, 8)]
    [InlineData(5000, 40)]
    public void One_key_may_come_any_number_of_times(int times, int length)
    {
        byte[] arena = new byte[length];
        new Random(length).NextBytes(arena);
        var keys = new KeySort.Key[times];
        Array.Fill(keys, new KeySort.Key(0, length));
        var items = new KeySort.Item[times];
        KeySort.Sort(arena, keys, items, new KeySort.Item[times]);
        Assert.Equal(Enumerable.Range(0, times), items.Select(static i => i.Index));
    }
}
