namespace Mortise.BTreeIndex.Tests;

/// <summary>The laws of one page: what goes in comes out, and a search finds where a key belongs.</summary>
public class EntryPageTests
{
    private const int PageBytes = 4096;

    /// <summary>Goal: pages of any keys, with stems and without, hold them in order, and their search agrees with a linear
    /// one for keys that are there, are not, end early or go on. Method: random families of keys, each page compared with
    /// a list.</summary>
    [Fact]
    public void A_page_holds_its_entries_and_finds_the_place_of_any_key()
    {
        int withStems = 0;
        TestRun.ForSeeds(200, seed =>
        {
            Random random = new(seed);
            SortedSet<byte[]> keys = Keys(random);
            EntryPageBuilder builder = new(PageBytes);
            List<byte[]> inPage = [];
            foreach (byte[] key in keys)
            {
                if (!builder.TryAdd(key, [(byte)key.Length, key[^1]], isTombstone: false))
                {
                    withStems += CheckPage(builder, inPage, random) ? 1 : 0;
                    inPage.Clear();
                    Assert.True(builder.TryAdd(key, [(byte)key.Length, key[^1]], isTombstone: false));
                }

                inPage.Add(key);
            }

            withStems += CheckPage(builder, inPage, random) ? 1 : 0;
        });

        Assert.True(TestRun.OnlySeed is not null || withStems > 100, $"only {withStems} pages had stems");
    }

    /// <summary>Entries of a few owners cost what tells them apart, not what their owners' names do.</summary>
    [Fact]
    public void What_neighbours_share_is_stored_once()
    {
        Random random = new(7);
        EntryPageBuilder builder = new(PageBytes);
        byte[] page = new byte[PageBytes];
        int entries = 0;
        for (int owner = 0; owner < 200; owner++)
        {
            byte[] name = new byte[32];
            random.NextBytes(name);
            name[0] = (byte)owner;
            for (int i = 0; i < 20; i++)
            {
                byte[] key = new byte[32 + 24];
                name.CopyTo(key, 0);
                random.NextBytes(key.AsSpan(32));
                key[32] = (byte)i;
                if (!builder.TryAdd(key, [], isTombstone: false))
                {
                    entries = builder.Count;
                    builder.Emit(page);
                    Assert.True(builder.TryAdd(key, [], isTombstone: false));
                }
            }
        }

        // 24 bytes and a stem's number an entry, 32 bytes an owner.
        Assert.InRange(entries, (PageBytes - PageFormat.HeaderBytes) / 28, (PageBytes - PageFormat.HeaderBytes) / 26);
    }

    private static unsafe bool CheckPage(EntryPageBuilder builder, List<byte[]> keys, Random random)
    {
        byte[] bytes = GC.AllocateArray<byte>(PageBytes, pinned: true);
        builder.Emit(bytes);
        Assert.Null(EntryPage.Check(bytes));
        fixed (byte* at = bytes)
        {
            EntryPage page = new(at);
            Assert.Equal(keys.Count, page.Count);
            byte[] copy = new byte[PageBytes];
            for (int i = 0; i < keys.Count; i++)
            {
                Assert.Equal(keys[i], copy.AsSpan(0, page.CopyKey(i, copy)).ToArray());
                Assert.Equal([(byte)keys[i].Length, keys[i][^1]], page.Value(i).ToArray());
            }

            for (int probe = 0; probe < 200; probe++)
            {
                byte[] key = Probe(keys, random);
                int expected = keys.FindIndex(k => k.AsSpan().SequenceCompareTo(key) >= 0);
                expected = expected < 0 ? keys.Count : expected;
                Assert.Equal(expected, page.LowerBound(key, out bool isEqual));
                Assert.Equal(expected < keys.Count && keys[expected].AsSpan().SequenceEqual(key), isEqual);
            }

            return page.HasStems;
        }
    }

    /// <summary>A key of the page, cut, prolonged or changed in a byte.</summary>
    private static byte[] Probe(List<byte[]> keys, Random random)
    {
        byte[] key = [.. keys[random.Next(keys.Count)]];
        switch (random.Next(4))
        {
            case 0:
                return key[..random.Next(1, key.Length + 1)];
            case 1:
                return [.. key, (byte)random.Next(3)];
            case 2:
                key[random.Next(key.Length)] += (byte)random.Next(256);
                return key;
            default:
                return key;
        }
    }

    private static SortedSet<byte[]> Keys(Random random)
    {
        int stem = random.Next(1, 50);
        int rest = random.Next(1, 30);
        int owners = random.Next(1, 400);
        bool isUniform = random.Next(4) > 0;
        SortedSet<byte[]> keys = new(KeyOrder.Instance);
        for (int i = 0; i < 1000; i++)
        {
            byte[] key = new byte[stem + rest - (isUniform ? 0 : random.Next(rest))];
            new Random(random.Next(owners)).NextBytes(key.AsSpan(0, stem));
            random.NextBytes(key.AsSpan(stem));
            keys.Add(key);
        }

        return keys;
    }
}
