using System.Globalization;
using Mortise.Partitioning;

namespace Mortise.Conformance;

/// <summary>The laws of <see cref="IPartitionScheme"/>.</summary>
public static class PartitionLaws
{
    private static readonly long[] s_ordinals =
    [
        long.MinValue, long.MinValue + 1, -62_135_596_801, -62_135_596_800, -1_000_000, -1, 0, 1, 86_399, 86_400,
        951_782_399, 951_782_400, 1_577_836_799, 1_577_836_800, 1_735_689_600, 4_102_444_800, 253_402_300_799,
        253_402_300_800, int.MaxValue, uint.MaxValue, 1L << 53, long.MaxValue - 1, long.MaxValue,
    ];

    /// <summary>All of them.</summary>
    public static LawSuite<PartitionSubject> Suite { get; } = UnloadLaw.AddTo(
        Schemes(), LawContract.PartitionScheme, static (subject, _) => subject.Create().Locate(1, [1, 2, 3]));

    private static LawSuite<PartitionSubject> Schemes() => new LawSuite<PartitionSubject>().Group("scheme")
        .Add(
            Must("PS1", "Total: every ordinal and every key, hostile ones included, has a partition that the scheme "
                + "can name."),
            Total)
        .Add(Must("PS2", "Pure: equal arguments give equal partitions, in every instance and from every thread."), Pure)
        .Add(
            Must(
                "PS3",
                "Pure across processes and versions: partitions are as they were recorded.",
                LawNeeds.GoldenVectors),
            Golden)
        .Add(Must("PS4", "Bounds contains every ordinal that Locate sends to a partition."), Bounded)
        .Add(
            Must("PS5", "Bounds is never inverted, and a scheme that does not look at ordinals bounds none away."),
            BoundsSane)
        .Add(Must("PS6", "Routing tells the truth: what Locate is said not to look at changes nothing."), Routing)
        .Add(
            Must("PS7", "Name and TryParse are inverse; names are of [a-z0-9-]{1,64} and differ between partitions; "
                + "other texts are no names."),
            Names)
        .Add(
            Must(
                "PS8", "A recorded map is accepted by the options that wrote it, and refused with a reason by others."),
            Maps)
        .Add(Must("PS14", "No more partitions than MaxPartitions ever come up, whatever is located."), AtMost)
        .Add(
            new Law
            {
                Id = "PS12",
                Contract = LawContract.PartitionScheme,
                Level = LawLevel.Should,
                Text = "A scheme that routes by key spreads random and sequential keys: no partition has over "
                    + "1.5 times its share.",
            },
            Balance)
        .Add(
            new Law
            {
                Id = "PS15",
                Contract = LawContract.PartitionScheme,
                Level = LawLevel.Performance,
                Text = "Locate and Bounds allocate nothing.",
            },
            Allocations)
        .Add(
            Must("PS16", "The code of a scheme calls no hash that differs between processes, no clock and no random "
                + "source."),
            NoHiddenInput);

    private static Law Must(string id, string text, LawNeeds needs = LawNeeds.None) =>
        new() { Id = id, Contract = LawContract.PartitionScheme, Text = text, Needs = needs };

    /// <summary>The partitions that a scheme gives to some entries, by ordinal and key in hexadecimal.</summary>
    internal static IEnumerable<(long Ordinal, string Key, string Partition)> Vectors(PartitionSubject subject)
    {
        const int LongestKey = 40;
        const int Count = 60;
        IPartitionScheme scheme = subject.Create();
        LawRun run = new(Suite.Laws[0], new LawSettings { Seed = 1, Tier = LawTier.Smoke });
        return Entries(run, Count).Where(entry => entry.Key.Length <= LongestKey).Select(entry => (
            entry.Ordinal, Convert.ToHexStringLower(entry.Key), scheme.Name(scheme.Locate(entry.Ordinal, entry.Key))));
    }

    /// <summary>Hostile and random entries.</summary>
    private static List<(long Ordinal, byte[] Key)> Entries(LawRun run, int count)
    {
        Random random = Seeds.Generator(run.Seed);
        List<(long, byte[])> entries = [];
        byte[][] keys = [[], [0], [0xFF], [0x80, 0, 0, 0], new byte[1024], [.. Enumerable.Repeat((byte)0xFF, 4096)]];
        foreach (long ordinal in s_ordinals)
        {
            foreach (byte[] key in keys)
            {
                entries.Add((ordinal, key));
            }
        }

        for (int i = 0; i < count; i++)
        {
            byte[] key = new byte[random.Next(40)];
            random.NextBytes(key);
            long ordinal = (i % 4) switch
            {
                0 => random.NextInt64(long.MinValue, long.MaxValue),
                1 => random.NextInt64(-100_000_000, 5_000_000_000),
                2 => s_ordinals[random.Next(s_ordinals.Length)],
                _ => 1_600_000_000 + i * 3600L,
            };
            entries.Add((ordinal, key));
        }

        return entries;
    }

    private static string Text(long ordinal, byte[] key) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"ordinal {ordinal}, key {Convert.ToHexString(key.AsSpan(0, Math.Min(16, key.Length)))} of {key.Length} "
                + $"bytes");

    private static void Total(LawRun run, PartitionSubject subject)
    {
        IPartitionScheme scheme = subject.Create();
        foreach ((long ordinal, byte[] key) in Entries(run, run.Scale(5000, 50_000, 500_000)))
        {
            PartitionId id;
            try
            {
                id = scheme.Locate(ordinal, key);
            }
            catch (Exception thrown)
            {
                throw new LawBrokenException(
                    $"{Text(ordinal, key)}: Locate threw {thrown.GetType().Name}: {thrown.Message}", thrown);
            }

            string name = scheme.Name(id);
            LawRun.Require(
                scheme.TryParse(name, out PartitionId parsed) && parsed == id,
                $"{Text(ordinal, key)}: partition {id.Value} is called '{name}', which is not read as it");
        }
    }

    private static void Pure(LawRun run, PartitionSubject subject)
    {
        IPartitionScheme first = subject.Create();
        IPartitionScheme second = subject.Create();
        List<(long Ordinal, byte[] Key)> entries = Entries(run, run.Scale(3000, 30_000, 300_000));
        int[] expected = [.. entries.Select(entry => first.Locate(entry.Ordinal, entry.Key).Value)];
        LawThreads.Run(3, t =>
        {
            IPartitionScheme scheme = t == 0 ? first : second;
            for (int i = entries.Count - 1; i >= 0; i--)
            {
                (long ordinal, byte[] key) = entries[i];
                if (scheme.Locate(ordinal, key).Value != expected[i])
                {
                    throw new LawBrokenException($"{Text(ordinal, key)} is located in two places");
                }
            }
        });
    }

    private static void Golden(LawRun run, PartitionSubject subject)
    {
        _ = run;
        IPartitionScheme scheme = subject.Create();
        foreach ((long ordinal, string key, string partition) in subject.GoldenVectors)
        {
            byte[] bytes = Convert.FromHexString(key);
            string found = scheme.Name(scheme.Locate(ordinal, bytes));
            LawRun.Require(found == partition, $"{Text(ordinal, bytes)} is in '{found}', and was in '{partition}'");
        }
    }

    private static void Bounded(LawRun run, PartitionSubject subject)
    {
        IPartitionScheme scheme = subject.Create();
        foreach ((long ordinal, byte[] key) in Entries(run, run.Scale(10_000, 100_000, 1_000_000)))
        {
            PartitionId id = scheme.Locate(ordinal, key);
            OrdinalRange bounds = scheme.Bounds(id);
            LawRun.Require(
                bounds.Contains(ordinal), $"{Text(ordinal, key)} is in '{scheme.Name(id)}', whose bounds are "
                    + $"{bounds.First} to {bounds.Last}");

            // The ordinals at and beside the bounds are where an off-by-one lives.
            foreach (long edge in (ReadOnlySpan<long>)
                [
                    bounds.First, bounds.Last, bounds.First == long.MinValue ? 0 : bounds.First - 1,
                    bounds.Last == long.MaxValue ? 0 : bounds.Last + 1
                ])
            {
                PartitionId beside = scheme.Locate(edge, key);
                LawRun.Require(
                    scheme.Bounds(beside).Contains(edge), $"{Text(edge, key)} is in '{scheme.Name(beside)}', whose "
                        + "bounds do not contain it");
            }
        }
    }

    private static void BoundsSane(LawRun run, PartitionSubject subject)
    {
        IPartitionScheme scheme = subject.Create();
        foreach ((long ordinal, byte[] key) in Entries(run, 2000))
        {
            OrdinalRange bounds = scheme.Bounds(scheme.Locate(ordinal, key));
            LawRun.Require(!bounds.IsEmpty, $"the bounds of the partition of {Text(ordinal, key)} are empty");
            LawRun.Require(
                scheme.Routing == PartitionRouting.ByOrdinal || bounds == OrdinalRange.All,
                $"a scheme that routes {scheme.Routing} bounds ordinals to {bounds.First} to {bounds.Last}");
        }
    }

    private static void Routing(LawRun run, PartitionSubject subject)
    {
        IPartitionScheme scheme = subject.Create();
        LawRun.Require(Enum.IsDefined(scheme.Routing), $"Routing is {scheme.Routing}");
        List<(long Ordinal, byte[] Key)> entries = Entries(run, run.Scale(3000, 30_000, 300_000));
        for (int i = 0; i < entries.Count; i++)
        {
            (long ordinal, byte[] key) = entries[i];
            (long otherOrdinal, byte[] otherKey) = entries[(i * 7 + 3) % entries.Count];
            PartitionId id = scheme.Locate(ordinal, key);
            bool same = scheme.Routing switch
            {
                PartitionRouting.Nothing => scheme.Locate(otherOrdinal, otherKey) == id,
                PartitionRouting.ByOrdinal => scheme.Locate(ordinal, otherKey) == id,
                _ => scheme.Locate(otherOrdinal, key) == id,
            };
            LawRun.Require(same, $"Routing is {scheme.Routing}, and something else moves {Text(ordinal, key)}");
        }

        LawRun.Require(
            scheme.Routing != PartitionRouting.Nothing || scheme.MaxPartitions == 1, "a scheme that looks at nothing "
                + "has one partition");
    }

    private static void Names(LawRun run, PartitionSubject subject)
    {
        IPartitionScheme scheme = subject.Create();
        Dictionary<string, int> names = new(StringComparer.Ordinal);
        foreach ((long ordinal, byte[] key) in Entries(run, run.Scale(5000, 50_000, 500_000)))
        {
            PartitionId id = scheme.Locate(ordinal, key);
            string name = scheme.Name(id);
            LawRun.Require(
                name.Length is >= 1 and <= 64 && name.All(
                    c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'),
                $"'{name}' is not a name of 1 to 64 characters of [a-z0-9-]");
            LawRun.Require(
                names.TryAdd(name, id.Value) || names[name] == id.Value, $"'{name}' is the name of two partitions");
            LawRun.Require(
                scheme.TryParse(name, out PartitionId parsed) && parsed == id, $"'{name}' is not read as partition "
                    + $"{id.Value}");
        }

        foreach (string strange in (ReadOnlySpan<string>)
            [
                "", " ", "no such partition", "..", "ALL", names.Keys.First() + "x", names.Keys.First() + " ",
                "0" + names.Keys.First()
            ])
        {
            LawRun.Require(
                !scheme.TryParse(strange, out PartitionId found) || scheme.Name(found) == strange,
                $"'{strange}' is read as a partition whose name is another");
        }
    }

    private static void Maps(LawRun run, PartitionSubject subject)
    {
        _ = run;
        IPartitionScheme scheme = subject.Create();
        string map = scheme.Map;
        LawRun.Require(
            map.Length > 0 && map == subject.Create().Map, "Map is empty or differs between equal instances");
        LawRun.Require(scheme.Accepts(map, out _), $"the scheme refuses its own map '{map}'");
        foreach (string other in (ReadOnlySpan<string>)
            ["", "another/scheme/1", map + "x", map[..^1] + (char)(map[^1] ^ 1)])
        {
            LawRun.Require(!scheme.Accepts(other, out string? reason), $"the map '{other}' is accepted beside '{map}'");
            LawRun.Require(!string.IsNullOrEmpty(reason), $"the map '{other}' is refused without a reason");
        }

        foreach (Func<IPartitionScheme> create in subject.Others)
        {
            IPartitionScheme other = create();
            LawRun.Require(
                !scheme.Accepts(other.Map, out _), $"'{map}' accepts partitions laid out under '{other.Map}'");
        }
    }

    private static void AtMost(LawRun run, PartitionSubject subject)
    {
        IPartitionScheme scheme = subject.Create();
        LawRun.Require(scheme.MaxPartitions >= 1, $"MaxPartitions is {scheme.MaxPartitions}");
        HashSet<int> seen = [];
        foreach ((long ordinal, byte[] key) in Entries(run, run.Scale(50_000, 500_000, 5_000_000)))
        {
            seen.Add(scheme.Locate(ordinal, key).Value);
        }

        LawRun.Require(
            seen.Count <= scheme.MaxPartitions,
            $"{seen.Count} partitions came up, MaxPartitions is {scheme.MaxPartitions}");
    }

    private static void Balance(LawRun run, PartitionSubject subject)
    {
        IPartitionScheme scheme = subject.Create();
        if (scheme.Routing != PartitionRouting.ByKey)
        {
            return;
        }

        Random random = Seeds.Generator(run.Seed);
        foreach (bool sequential in (ReadOnlySpan<bool>)[true, false])
        {
            Dictionary<int, int> counts = [];
            int keys = 2000 * scheme.MaxPartitions;
            byte[] key = new byte[32];
            for (int i = 0; i < keys; i++)
            {
                random.NextBytes(key);
                if (sequential)
                {
                    key.AsSpan().Clear();
                    System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(key, i);
                }

                int id = scheme.Locate(0, key).Value;
                counts[id] = counts.GetValueOrDefault(id) + 1;
            }

            LawRun.Require(
                counts.Values.Max() <= 3000,
                $"of {keys} {(sequential ? "sequential" : "random")} keys one of {scheme.MaxPartitions} partitions "
                    + $"has {counts.Values.Max()}");
        }
    }

    private static void Allocations(LawRun run, PartitionSubject subject)
    {
        IPartitionScheme scheme = subject.Create();
        List<(long Ordinal, byte[] Key)> entries = Entries(run, 200);
        long allocated = 0;
        for (int round = 0; round < 3; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            foreach ((long ordinal, byte[] key) in entries)
            {
                scheme.Bounds(scheme.Locate(ordinal, key));
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        LawRun.Require(allocated == 0, $"{allocated} bytes were allocated in {entries.Count} calls");
    }

    private static void NoHiddenInput(LawRun run, PartitionSubject subject)
    {
        _ = run;
        IReadOnlyList<string> found = BypassScan.Of(subject.Create().GetType(), alsoRandomizedHashes: true);
        LawRun.Require(
            found.Count == 0,
            $"it depends on more than its arguments:\n  {string.Join("\n  ", found)}\nanother process, or this one "
                + "tomorrow, would look for an entry in a partition where it is not");
    }
}
