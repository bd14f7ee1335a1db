using System.CommandLine;
using System.Text.Json;
using Mortise.Cli.Output;
using Mortise.Components;
using Mortise.Engine;
using Mortise.Host.Composition;
using Mortise.Host.Memory;
using Mortise.Indexing;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise stats</c>: counts and sizes of a store and of each of its parts.</summary>
internal static class StatsCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var instances = new Option<bool>("--instances")
        {
            Description = "Shows each instance of each plugin as well: its state, what it holds, and its calls.",
        };
        var command = new Command("stats", "Shows counts and sizes of the store and of each of its "
            + "parts.") { instances };
        command.SetAction((arguments, cancellation) => RunAsync(
            context, arguments, arguments.GetValue(instances), cancellation));
        return command;
    }

    /// <summary>Writes the statistics as a table.</summary>
    internal static void WriteTable(EngineStatistics statistics, CacheBudget? memory, OutputWriter output)
    {
        output.Line($"store    {statistics.StoreId}");
        output.Line(
            $"commits  {Words.Count((long)statistics.Lsn.Value)}, "
            + $"durable {Words.Count((long)statistics.DurableLsn.Value)}");
        output.Line(
            $"log      {statistics.Log.Segments} segments, {Words.Size(statistics.Log.DiskBytes)} on disk, "
            + $"{Words.Count(statistics.Log.Syncs)} syncs since open");
        output.Line(
            $"records  {Words.Count(statistics.Records.LiveRecords)} live ({Words.Size(statistics.Records.LiveBytes)})"
            + $", {Words.Count(statistics.Records.DeadRecords)} dead ({Words.Size(statistics.Records.DeadBytes)}), "
            + $"{statistics.Records.Segments} segments, {Words.Size(statistics.Records.DiskBytes)} on disk");
        MemoryText.WriteBudget(statistics, memory, output);
        foreach (FamilyStatistics family in statistics.Families)
        {
            IndexStatistics sum = Sum(family);
            output.Line(
                $"index    {family.Name,-18} {Words.Count(sum.Entries),12} entries, "
                + $"{Words.Size(sum.DiskBytes),10} on disk, {Words.Size(sum.MemoryBytes),10} in memory, "
                + $"{family.Partitions.Count} partitions, "
                + $"{family.Structure.ComponentId} {family.Structure.PluginVersion}");
            MemoryText.WritePartitions(family, memory, output);
        }

        foreach ((string instance, ComponentHealth health) in statistics.Unhealthy)
        {
            output.Line($"{Words.OneWord(health.Status.ToString())}: {instance}: {health.Reason}");
        }
    }

    private static async Task<int> RunAsync(
        CommandContext context, ParseResult arguments, bool hasInstances, CancellationToken cancellation)
    {
        await using StoreSession session = await StoreSession.OpenExistingAsync(context, arguments, cancellation)
            .ConfigureAwait(false);
        using var output = new OutputWriter(context.Console.Output);
        EngineStatistics statistics = session.Store.GetStatistics();
        if (context.Options.Json(arguments))
        {
            WriteJson(statistics, session.Composed.Cache, session.Host.Instances, output);
        }
        else
        {
            WriteTable(statistics, session.Composed.Cache, output);
            InstanceText.Write(hasInstances ? session.Host.Instances : [], output);
        }

        return ExitCode.Ok;
    }

    private static IndexStatistics Sum(FamilyStatistics family)
    {
        IndexStatistics sum = default;
        foreach (IndexStatistics one in family.Partitions.Select(static p => p.Index))
        {
            sum = new IndexStatistics(
                sum.Entries + one.Entries,
                sum.DiskBytes + one.DiskBytes,
                sum.MemoryBytes + one.MemoryBytes,
                sum.PagesRead + one.PagesRead,
                sum.PagesWritten + one.PagesWritten);
        }

        return sum;
    }

    private static void WriteJson(
        EngineStatistics statistics, CacheBudget? memory, IReadOnlyList<InstanceUse> instances, OutputWriter output)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteString("store", statistics.StoreId);
            json.WriteNumber("lsn", statistics.Lsn.Value);
            json.WriteNumber("durableLsn", statistics.DurableLsn.Value);
            json.WriteNumber("events", statistics.Records.LiveRecords);
            json.WriteStartObject("log");
            json.WriteNumber("segments", statistics.Log.Segments);
            json.WriteNumber("diskBytes", statistics.Log.DiskBytes);
            json.WriteEndObject();
            json.WriteStartObject("records");
            json.WriteNumber("live", statistics.Records.LiveRecords);
            json.WriteNumber("liveBytes", statistics.Records.LiveBytes);
            json.WriteNumber("dead", statistics.Records.DeadRecords);
            json.WriteNumber("deadBytes", statistics.Records.DeadBytes);
            json.WriteNumber("segments", statistics.Records.Segments);
            json.WriteNumber("diskBytes", statistics.Records.DiskBytes);
            json.WriteEndObject();
            json.WriteStartArray("indexes");
            foreach (FamilyStatistics family in statistics.Families)
            {
                WriteFamily(json, family, memory);
            }

            json.WriteEndArray();
            MemoryText.WriteBudget(json, statistics, memory);
            InstanceText.Write(instances, json);
            json.WriteStartArray("unhealthy");
            foreach ((string instance, ComponentHealth health) in statistics.Unhealthy)
            {
                json.WriteStringValue($"{instance}: {health.Reason}");
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        output.EndLine();
    }

    private static void WriteFamily(Utf8JsonWriter json, FamilyStatistics family, CacheBudget? memory)
    {
        IndexStatistics sum = Sum(family);
        json.WriteStartObject();
        json.WriteString("name", family.Name);
        json.WriteString("projection", family.Projection);
        json.WriteString("component", family.Structure.ComponentId);
        json.WriteString("version", family.Structure.PluginVersion);
        json.WriteNumber("entries", sum.Entries);
        json.WriteNumber("diskBytes", sum.DiskBytes);
        json.WriteNumber("memoryBytes", sum.MemoryBytes);
        json.WriteNumber("pagesRead", sum.PagesRead);
        json.WriteNumber("pagesWritten", sum.PagesWritten);
        MemoryText.WritePartitions(json, family, memory);
        json.WriteEndObject();
    }
}
