using System.Globalization;
using System.Text.Json;
using Mortise.Engine;
using Mortise.Host.Memory;

namespace Mortise.Cli.Output;

/// <summary>The memory budget and the partitions of each family, for people and as JSON.</summary>
internal static class MemoryText
{
    /// <summary>One line: the budget, what is held of it, how often a page was there, what is open.</summary>
    public static void WriteBudget(EngineStatistics statistics, CacheBudget? memory, OutputWriter output)
    {
        if (memory is not null)
        {
            IReadOnlyList<CacheShare> shares = memory.Shares;
            output.Line(
                $"memory   {Words.Size(memory.Budget.Bytes)} for caches, "
                + $"{Words.Size(shares.Sum(static s => s.ResidentBytes))} used, {HitRate(shares)} of pages were "
                + $"there, divided anew {Words.Count(memory.Rounds)} times");
        }

        if (statistics.PartitionOpenings > 0)
        {
            output.Line(
                $"open     {Words.Count(statistics.OpenPartitions)} partitions, "
                + $"{Words.Count(statistics.PartitionOpenings)} opened since open");
        }
    }

    /// <summary>A line a partition, of a family that has several.</summary>
    public static void WritePartitions(FamilyStatistics family, CacheBudget? memory, OutputWriter output)
    {
        if (family.Partitions.Count < 2)
        {
            return;
        }

        Dictionary<string, CacheShare> shares = SharesOf(memory);
        foreach (PartitionStatistics partition in family.Partitions)
        {
            string instance = Instance(family, partition);
            bool hasShare = shares.TryGetValue(instance, out CacheShare share);
            output.Line(
                $"         {partition.Name,-22} {Words.Count(partition.Index.Entries),12} entries, "
                + $"{Words.Size(partition.Index.DiskBytes),10} on disk, "
                + (partition.IsOpen ? $"{Words.Size(partition.Index.MemoryBytes),10} in memory" : "    closed")
                + (memory is null ? "" : $", {Words.OneWord(memory.TierOf(instance).ToString())}")
                + (hasShare ? $", {Words.Size(share.TargetBytes)} granted, hits {HitRate([share])}" : ""));
        }
    }

    /// <summary>Writes the members <c>memory</c> and <c>open</c>.</summary>
    public static void WriteBudget(Utf8JsonWriter json, EngineStatistics statistics, CacheBudget? memory)
    {
        json.WriteStartObject("open");
        json.WriteNumber("partitions", statistics.OpenPartitions);
        json.WriteNumber("openings", statistics.PartitionOpenings);
        json.WriteEndObject();
        if (memory is null)
        {
            return;
        }

        IReadOnlyList<CacheShare> shares = memory.Shares;
        json.WriteStartObject("memory");
        json.WriteNumber("budgetBytes", memory.Budget.Bytes);
        json.WriteNumber("residentBytes", shares.Sum(static s => s.ResidentBytes));
        json.WriteNumber("hits", shares.Sum(static s => s.Hits));
        json.WriteNumber("misses", shares.Sum(static s => s.Misses));
        json.WriteNumber("rounds", memory.Rounds);
        json.WriteStartArray("shares");
        foreach (CacheShare share in shares)
        {
            json.WriteStartObject();
            json.WriteString("instance", share.Instance);
            json.WriteString("tier", Words.OneWord(share.Tier.ToString()));
            json.WriteNumber("targetBytes", share.TargetBytes);
            json.WriteNumber("residentBytes", share.ResidentBytes);
            json.WriteNumber("hits", share.Hits);
            json.WriteNumber("misses", share.Misses);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Writes the member <c>partitions</c> of a family.</summary>
    public static void WritePartitions(Utf8JsonWriter json, FamilyStatistics family, CacheBudget? memory)
    {
        json.WriteStartArray("partitions");
        foreach (PartitionStatistics partition in family.Partitions)
        {
            json.WriteStartObject();
            json.WriteString("name", partition.Name);
            json.WriteBoolean("isOpen", partition.IsOpen);
            json.WriteNumber("entries", partition.Index.Entries);
            json.WriteNumber("diskBytes", partition.Index.DiskBytes);
            json.WriteNumber("memoryBytes", partition.Index.MemoryBytes);
            if (memory is not null)
            {
                json.WriteString("tier", Words.OneWord(memory.TierOf(Instance(family, partition)).ToString()));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Instance(FamilyStatistics family, in PartitionStatistics partition) =>
        $"indexes/{family.Name}/{partition.Name}";

    private static Dictionary<string, CacheShare> SharesOf(CacheBudget? memory) =>
        memory?.Shares.ToDictionary(static s => s.Instance, StringComparer.Ordinal) ?? [];

    private static string HitRate(IReadOnlyList<CacheShare> shares)
    {
        long hits = shares.Sum(static s => s.Hits);
        long all = hits + shares.Sum(static s => s.Misses);
        return all == 0 ? "none" : (hits / (double)all).ToString("P1", CultureInfo.InvariantCulture);
    }
}
