namespace Mortise.Partitioning.Tests;

/// <summary>The laws of <see cref="IPartitionScheme"/>, for every scheme of the plugin.</summary>
public sealed class PartitionLawTests
{
    public static TheoryData<string> AllSchemes => [.. Schemes.Names];

    [Theory]
    [MemberData(nameof(AllSchemes))]
    public void Every_ordinal_has_a_partition_and_its_bounds_contain_it(string name)
    {
        var random = new Random(Schemes.Seed);
        IPartitionScheme scheme = Schemes.Make(name);
        byte[] key = new byte[1_024];
        foreach (long ordinal in Schemes.Ordinals(scheme, random))
        {
            random.NextBytes(key);
            PartitionId at = scheme.Locate(ordinal, key.AsSpan(0, random.Next(key.Length + 1)));
            Assert.True((uint)at.Value < (uint)scheme.MaxPartitions, $"{ordinal} is in {at}, seed {Schemes.Seed}");
            Assert.True(scheme.Bounds(at).Contains(ordinal), $"{ordinal} is beyond {at}, seed {Schemes.Seed}");
        }
    }

    [Theory]
    [MemberData(nameof(AllSchemes))]
    public void Name_and_TryParse_are_inverse_and_names_are_unique_and_fit_a_directory(string name)
    {
        IPartitionScheme scheme = Schemes.Make(name);
        var seen = new HashSet<string>();
        for (int id = 0; id < scheme.MaxPartitions; id++)
        {
            string directory = scheme.Name(new PartitionId(id));
            Assert.Matches("^[a-z0-9-]{1,64}$", directory);
            Assert.True(seen.Add(directory), $"{directory} twice");
            Assert.True(scheme.TryParse(directory, out PartitionId parsed), directory);
            Assert.Equal(id, parsed.Value);
        }
    }

    [Theory]
    [MemberData(nameof(AllSchemes))]
    public void No_other_text_is_a_name(string name)
    {
        IPartitionScheme scheme = Schemes.Make(name);
        var names = new HashSet<string>();
        for (int id = 0; id < scheme.MaxPartitions; id++)
        {
            names.Add(scheme.Name(new PartitionId(id)));
        }

        var random = new Random(Schemes.Seed);
        foreach (string known in names.Take(200).Append(names.Last()).ToArray())
        {
            foreach (string text in (string[])
                ["", " ", known + " ", " " + known, known + "0", known[1..], known + "X", "+" + known, known + "\0"])
            {
                Assert.Equal(names.Contains(text), scheme.TryParse(text, out _));
            }

            char[] changed = known.ToCharArray();
            changed[random.Next(changed.Length)] = "0123456789-wh+. A"[random.Next(17)];
            Assert.True(
                names.Contains(new string(changed)) == scheme.TryParse(changed, out _),
                $"'{new string(changed)}', seed {Schemes.Seed}");
        }
    }

    [Theory]
    [MemberData(nameof(AllSchemes))]
    public void What_routing_does_not_name_does_not_matter(string name)
    {
        var random = new Random(Schemes.Seed);
        IPartitionScheme scheme = Schemes.Make(name);
        byte[] key = new byte[40];
        byte[] other = new byte[90];
        for (int i = 0; i < 10_000; i++)
        {
            random.NextBytes(key);
            random.NextBytes(other);
            long ordinal = random.NextInt64(0, 4_000_000_000);
            PartitionId at = scheme.Locate(ordinal, key);
            switch (scheme.Routing)
            {
                case PartitionRouting.ByKey:
                    Assert.Equal(at, scheme.Locate(random.NextInt64(), key));
                    break;
                case PartitionRouting.ByOrdinal:
                    Assert.Equal(at, scheme.Locate(ordinal, other));
                    break;
                default:
                    Assert.Equal(at, scheme.Locate(random.NextInt64(), other));
                    break;
            }
        }
    }

    [Theory]
    [MemberData(nameof(AllSchemes))]
    public void Another_instance_on_another_thread_answers_the_same(string name)
    {
        IPartitionScheme scheme = Schemes.Make(name);
        (long Ordinal, byte[] Key)[] entries =
        [
            .. Enumerable.Range(0, 2_000).Select(i => (i * 1_234_567L, BitConverter.GetBytes(i * 2_654_435_761L))),
        ];
        PartitionId[] here = [.. entries.Select(entry => scheme.Locate(entry.Ordinal, entry.Key))];
        Parallel.For(0, 4, _ =>
        {
            IPartitionScheme again = Schemes.Make(name);
            Assert.Equal(here, entries.Select(entry => again.Locate(entry.Ordinal, entry.Key)));
        });
    }

    [Theory]
    [MemberData(nameof(AllSchemes))]
    public void A_partition_of_no_scheme_is_refused(string name)
    {
        IPartitionScheme scheme = Schemes.Make(name);
        foreach (int id in (int[])[-1, int.MinValue, scheme.MaxPartitions, int.MaxValue])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => scheme.Name(new PartitionId(id)));
            Assert.Throws<ArgumentOutOfRangeException>(() => scheme.Bounds(new PartitionId(id)));
        }
    }

    [Theory]
    [MemberData(nameof(AllSchemes))]
    public void Its_own_map_is_accepted_and_every_other_is_refused_with_a_reason(string name)
    {
        IPartitionScheme scheme = Schemes.Make(name);
        Assert.True(Schemes.Make(name).Accepts(scheme.Map, out string? none));
        Assert.Null(none);
        IEnumerable<string> others = Schemes.Names.Select(other => Schemes.Make(other).Map)
            .Where(map => map != scheme.Map);
        foreach (string other in others.Concat(["", "time", scheme.Map + " ", scheme.Map[..^1] + "2", "acme/7"]))
        {
            Assert.False(scheme.Accepts(other, out string? reason), other);
            Assert.Contains(scheme.Map, reason, StringComparison.Ordinal);
            Assert.Contains($"'{other}'", reason, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(AllSchemes))]
    public void Locating_allocates_nothing(string name)
    {
        IPartitionScheme scheme = Schemes.Make(name);
        byte[] key = new byte[512];
        long Run()
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 10_000; i++)
            {
                scheme.Locate(i * 400_000L, key.AsSpan(0, i & 511));
                scheme.Bounds(scheme.Locate(i * 400_000L, key));
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Run();
        Assert.Equal(0, Run());
    }
}
