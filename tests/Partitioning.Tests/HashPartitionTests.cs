using System.Text;

namespace Mortise.Partitioning.Tests;

public sealed class HashPartitionTests
{
    // The hashes are the published ones of XXH3-64 with seed 0, so that no library of ours vouches for itself.
    [Theory]
    [InlineData("", 0x2D06800538D394C2)]
    [InlineData("a", 0xE6C632B61E964E1F)]
    [InlineData("abc", 0x78AF5F94892F3950)]
    public void Golden_vectors(string key, ulong hash)
    {
        foreach (int count in (int[])[1, 2, 3, 16, 100, 1024])
        {
            int expected = (int)((UInt128)hash * (uint)count >> 64);
            Assert.Equal(expected, Hash(count).Locate(0, Encoding.ASCII.GetBytes(key)).Value);
        }
    }

    [Fact]
    public void Doubling_the_count_splits_every_partition_into_two_neighbours()
    {
        for (int i = 0; i < 10_000; i++)
        {
            byte[] key = BitConverter.GetBytes(i);
            Assert.Equal(Hash(64).Locate(0, key).Value, Hash(128).Locate(0, key).Value / 2);
        }
    }

    [Fact]
    public void Sequential_and_random_keys_spread_evenly()
    {
        var random = new Random(Schemes.Seed);
        int[] sequential = new int[16];
        int[] scattered = new int[16];
        byte[] key = new byte[32];
        for (int i = 0; i < 64_000; i++)
        {
            sequential[Hash(16).Locate(0, BitConverter.GetBytes(i)).Value]++;
            random.NextBytes(key);
            scattered[Hash(16).Locate(0, key).Value]++;
        }

        // 4,000 expected, standard deviation 61.
        Assert.All(sequential.Concat(scattered), count => Assert.InRange(count, 3_700, 4_300));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1025)]
    public void Counts_out_of_range_are_refused(int count)
    {
        var options = new HashPartitionOptions { Count = count };
        Assert.Equal("Count", Assert.Single(options.Validate()).Option);
        Assert.Throws<ArgumentOutOfRangeException>(() => new HashPartitionScheme(options));
    }

    [Fact]
    public void Names_and_map_are_golden()
    {
        Assert.Equal("hash-0007", Hash(16).Name(new PartitionId(7)));
        Assert.Equal("hash/xxh3-64/16/1", Hash(16).Map);
        Assert.Empty(new HashPartitionOptions().Validate());
    }

    private static HashPartitionScheme Hash(int count) => new(new HashPartitionOptions { Count = count });
}
