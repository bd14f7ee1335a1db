using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Mortise.BTreeIndex.Tests;

/// <summary>The laws of one page: what goes in comes out, and a search finds where a key belongs.</summary>
public class EntryPageTests
{
    private const int PageBytes = 4096;

    /// <summary>Goal: pages of any keys, with stems and narrowed ends and without, hold them in order, and their search
    /// agrees with a linear one for keys that are there, are not, end early or go on. Method: random families of keys,
    /// each page compared with a list.</summary>
    [Fact]
    public void A_page_holds_its_entries_and_finds_the_place_of_any_key()
    {
        int withStems = 0;
        int withEnds = 0;
        TestRun.ForSeeds(200, seed =>
        {
            Random random = new(seed);
            Func<byte[], byte[]> valueOf = Values(random);
            SortedSet<byte[]> keys = Keys(random);
            EntryPageBuilder builder = new(PageBytes);
            List<byte[]> inPage = [];
            foreach (byte[] key in keys)
            {
                if (!builder.TryAdd(key, valueOf(key), isTombstone: false))
                {
                    CheckPage();
                    Assert.True(builder.TryAdd(key, valueOf(key), isTombstone: false));
                }

                inPage.Add(key);
            }

            CheckPage();

            void CheckPage()
            {
                (bool hasStems, bool hasEnds) = EntryPageTests.CheckPage(builder, inPage, valueOf, random);
                withStems += hasStems ? 1 : 0;
                withEnds += hasEnds ? 1 : 0;
                inPage.Clear();
            }
        });

        Assert.True(TestRun.OnlySeed is not null || withStems > 100, $"only {withStems} pages had stems");
        Assert.True(TestRun.OnlySeed is not null || withEnds > 100, $"only {withEnds} pages had narrowed ends");
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

    /// <summary>Entries that end with a location cost the bits of it that differ.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public unsafe void Of_the_ends_of_entries_only_the_bits_that_differ_are_stored(bool isInKey)
    {
        Random random = new(8);
        EntryPageBuilder builder = new(PageBytes);
        byte[] key = new byte[isInKey ? 32 : 24];
        byte[] value = new byte[isInKey ? 0 : 8];
        bool fits = true;
        for (int i = 0; fits; i++)
        {
            random.NextBytes(key);
            BinaryPrimitives.WriteInt32BigEndian(key, i);

            // Segment 5 to 8, and 23 bits of a place in it: 27 bits.
            BinaryPrimitives.WriteUInt64BigEndian(
                (isInKey ? key : value).AsSpan(^8..), ((5UL + (ulong)random.Next(4)) << 32) | (uint)random.Next(1 << 23));
            fits = builder.TryAdd(key, value, isTombstone: false);
        }

        int entries = builder.Count;
        byte[] page = new byte[PageBytes];
        builder.Emit(page);
        Assert.Null(EntryPage.Check(page));

        // 21 bytes of the key behind the three that all share, and 4 of its location.
        Assert.Equal((PageBytes - PageFormat.HeaderBytes - EndColumn.HeaderBytes - 3) / (21 + 4), entries);

        // A bit that is said to be the same and to differ, and a width that is not the entries', are found.
        fixed (byte* at = page)
        {
            int header = PageFormat.HeaderBytes + (entries * PageFormat.HeadBytes) + new EntryPage(at).PrefixLength;
            ulong differing = BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan(header + 8));
            BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(header), differing);
            Assert.NotNull(EntryPage.Check(page));
            BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(header), 0);
            BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(header + 8), ulong.MaxValue);
            Assert.NotNull(EntryPage.Check(page));
        }
    }

    /// <summary>The parts of a number that differ come out of it and back into it, whatever they are.</summary>
    [Fact]
    public unsafe void An_end_is_read_as_it_was_written()
    {
        Random random = new(9);
        byte[] header = GC.AllocateArray<byte>(EndColumn.HeaderBytes, pinned: true);
        byte[] entry = GC.AllocateArray<byte>(3 * EndColumn.NumberBytes, pinned: true);
        for (int i = 0; i < 10_000; i++)
        {
            ulong differing = i switch
            {
                0 => 0,
                1 => ulong.MaxValue,
                _ => (ulong)random.NextInt64() & (ulong)random.NextInt64(long.MinValue, long.MaxValue),
            };
            ulong first = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
            ulong other = (first & ~differing) | ((ulong)random.NextInt64(long.MinValue, long.MaxValue) & differing);
            EndColumn.WriteHeader(header, first, differing);
            Assert.Null(EndColumn.Check(header));
            random.NextBytes(entry);
            int bytes = EndColumn.Write(entry.AsSpan(EndColumn.NumberBytes), other, differing);
            fixed (byte* at = header, end = entry)
            {
                EndColumn column = new(at);
                Assert.Equal(bytes, column.Bytes);
                Assert.Equal(other, column.Read(end + EndColumn.NumberBytes + bytes));
            }
        }
    }

    private static unsafe (bool HasStems, bool HasEnds) CheckPage(
        EntryPageBuilder builder, List<byte[]> keys, Func<byte[], byte[]> valueOf, Random random)
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
                Assert.Equal(valueOf(keys[i]), page.Value(i, new byte[EndColumn.NumberBytes]).ToArray());
            }

            for (int probe = 0; probe < 200; probe++)
            {
                byte[] key = Probe(keys, random);
                int expected = keys.FindIndex(k => k.AsSpan().SequenceCompareTo(key) >= 0);
                expected = expected < 0 ? keys.Count : expected;
                Assert.Equal(expected, page.LowerBound(key, out bool isEqual));
                Assert.Equal(expected < keys.Count && keys[expected].AsSpan().SequenceEqual(key), isEqual);
            }

            return (page.HasStems, page.HasEnds);
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

    /// <summary>No values, values of 8 bytes that share some bits, or others.</summary>
    private static Func<byte[], byte[]> Values(Random random)
    {
        int differing = random.Next(64);
        switch (random.Next(3))
        {
            case 0:
                return static _ => [];
            case 1:
                return key =>
                {
                    byte[] value = new byte[8];
                    ulong place = BitConverter.ToUInt64(SHA256.HashData(key)) >> differing;
                    BinaryPrimitives.WriteUInt64BigEndian(value, (7UL << 40) | place);
                    return value;
                };
            default:
                return static key => [(byte)key.Length, key[^1]];
        }
    }

    private static SortedSet<byte[]> Keys(Random random)
    {
        int stem = random.Next(1, 50);
        int rest = random.Next(1, 30);
        int owners = random.Next(1, 400);
        int narrow = random.Next(9);
        bool isUniform = random.Next(4) > 0;
        SortedSet<byte[]> keys = new(KeyOrder.Instance);
        for (int i = 0; i < 1000; i++)
        {
            byte[] key = new byte[stem + rest - (isUniform ? 0 : random.Next(rest))];
            new Random(random.Next(owners)).NextBytes(key.AsSpan(0, stem));
            random.NextBytes(key.AsSpan(stem));
            key.AsSpan(Math.Max(0, key.Length - 8), Math.Min(narrow, key.Length)).Clear();
            keys.Add(key);
        }

        return keys;
    }
}
