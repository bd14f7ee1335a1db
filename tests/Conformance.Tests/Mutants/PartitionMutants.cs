using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Mortise.Partitioning;

namespace Mortise.Conformance.Tests.Mutants;

internal static class PartitionMutants
{
    private const int Buckets = 8;
    private const long Width = 86_400;

    public static IEnumerable<Mutant> All()
    {
        yield return Of("PS1", "a negative hash gives a negative partition", () => new Scheme { Place = (_, key) => (int)Hash(key) % Buckets });
        yield return Of("PS1", "throws at ordinals outside the calendar", () => new Scheme { Place = (ordinal, _) => DateTimeOffset.FromUnixTimeSeconds(ordinal).Year & 7, Looks = PartitionRouting.ByOrdinal });
        yield return Of("PS2", "depends on the instance", () => new Scheme { Place = (_, key) => (int)(Hash(key) % Buckets), Salted = true });
        yield return Mutant.Of("PS3", "another hash than in the last version", new PartitionSubject
        {
            Name = "another hash",
            Create = () => new Scheme { Place = (_, key) => (int)(Hash(key) / 3 % Buckets) },
            GoldenVectors = [.. Enumerable.Range(0, 50).Select(i => (0L, Convert.ToHexString([(byte)i]), $"p{Hash([(byte)i]) % Buckets}"))],
        });
        yield return Of("PS4", "bounds that miss the last ordinal of a day", () => new Scheme { Place = Day, Looks = PartitionRouting.ByOrdinal, Range = DayBounds(-1) });
        yield return Of("PS5", "bounds ordinals although it routes by key", () => new Scheme { Place = (_, key) => (int)(Hash(key) % Buckets), Range = id => new OrdinalRange(0, long.MaxValue) });
        yield return Of("PS6", "says that it looks at ordinals only, and looks at keys", () => new Scheme { Place = (_, key) => (int)(Hash(key) % Buckets), Looks = PartitionRouting.ByOrdinal });
        yield return Of("PS7", "two partitions of one name", () => new Scheme { Place = (_, key) => (int)(Hash(key) % Buckets), Called = id => $"p{id / 2}" });
        yield return Of("PS8", "accepts any map", () => new Scheme { Place = (_, key) => (int)(Hash(key) % Buckets), Takes = _ => true });
        yield return Of("PS12", "half of all keys in one partition", () => new Scheme { Place = (_, key) => Hash(key) % 2 == 0 ? 0 : (int)(Hash(key) / 2 % Buckets) });
        yield return Of("PS14", "a partition for every day there is", () => new Scheme { Place = (ordinal, _) => (int)(ordinal / Width), Looks = PartitionRouting.ByOrdinal, Range = _ => OrdinalRange.All });
        yield return Of("PS15", "allocates at every call", () => new Scheme { Place = (_, key) => (int)(Hash(key.ToArray()) % Buckets) });
        yield return Of("PS16", "routes by string.GetHashCode", () => new StringHashScheme());
    }

    private static Mutant Of(string law, string broken, Func<IPartitionScheme> create) =>
        Mutant.Of(law, broken, new PartitionSubject { Name = broken, Create = create });

    private static uint Hash(ReadOnlySpan<byte> key)
    {
        uint hash = 2166136261;
        foreach (byte b in key)
        {
            hash = (hash ^ b) * 16777619;
        }

        return hash ^ (hash >> 15);
    }

    private static int Day(long ordinal, ReadOnlySpan<byte> key) =>
        (int)Math.Clamp(Math.Floor((double)ordinal / Width), -3, 3) + 3;

    private static Func<int, OrdinalRange> DayBounds(long off) => id => new OrdinalRange(
        id == 0 ? long.MinValue : (id - 3) * Width, id == 6 ? long.MaxValue : (id - 2) * Width - 1 + off);

    private delegate int Placing(long ordinal, ReadOnlySpan<byte> key);

    private sealed class Scheme : IPartitionScheme
    {
        private static int s_instances;
        private readonly int _salt = Interlocked.Increment(ref s_instances);

        public required Placing Place { get; init; }

        public bool Salted { get; init; }

        public PartitionRouting Looks { get; init; } = PartitionRouting.ByKey;

        public Func<int, OrdinalRange> Range { get; init; } = _ => OrdinalRange.All;

        public Func<int, string> Called { get; init; } = id => $"p{id}";

        public Predicate<string> Takes { get; init; } = map => map == "broken/1";

        public string Map => "broken/1";

        public int MaxPartitions => Buckets;

        public PartitionRouting Routing => Looks;

        public PartitionId Locate(long ordinal, ReadOnlySpan<byte> key) =>
            new((Place(ordinal, key) + (Salted ? _salt : 0)) % (Salted ? Buckets : int.MaxValue));

        public OrdinalRange Bounds(PartitionId partition) => Range(partition.Value);

        public string Name(PartitionId partition) => Called(partition.Value);

        public bool TryParse(ReadOnlySpan<char> name, out PartitionId partition)
        {
            partition = default;
            if (!name.StartsWith("p", StringComparison.Ordinal)
                || !int.TryParse(name[1..], NumberStyles.None, CultureInfo.InvariantCulture, out int id) || Called(id) != name.ToString())
            {
                return false;
            }

            partition = new PartitionId(id);
            return true;
        }

        public bool Accepts(string recordedMap, [NotNullWhen(false)] out string? reason)
        {
            reason = Takes(recordedMap) ? null : "another map";
            return reason is null;
        }
    }

    private sealed class StringHashScheme : IPartitionScheme
    {
        public string Map => "string/1";

        public int MaxPartitions => Buckets;

        public PartitionRouting Routing => PartitionRouting.ByKey;

        public PartitionId Locate(long ordinal, ReadOnlySpan<byte> key) =>
            new((Convert.ToHexString(key).GetHashCode() & int.MaxValue) % Buckets);

        public OrdinalRange Bounds(PartitionId partition) => OrdinalRange.All;

        public string Name(PartitionId partition) => $"p{partition.Value}";

        public bool TryParse(ReadOnlySpan<char> name, out PartitionId partition)
        {
            partition = default;
            return false;
        }

        public bool Accepts(string recordedMap, [NotNullWhen(false)] out string? reason)
        {
            reason = recordedMap == Map ? null : "another map";
            return reason is null;
        }
    }
}
