using System.CommandLine;
using System.Text.Json;
using Mortise.Cli.Output;
using Mortise.Nostr;
using Mortise.Records;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise retention</c>: drops the events that are too old by the stack's rules.</summary>
internal static class RetentionCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Says what would be dropped and changes nothing." };
        var command = new Command(
            "retention", "Drops the events that are too old by the section 'retention' of the stack, and gives their "
                + "space back.")
        {
            dryRun,
        };
        command.SetAction((arguments, cancellation) =>
            RunAsync(context, arguments, arguments.GetValue(dryRun), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context, ParseResult arguments, bool isDryRun, CancellationToken cancellation)
    {
        // A dry run opens what the last process left without writing to it.
        await using StoreSession session = isDryRun
            ? await StoreSession.OpenUntouchedAsync(context, arguments, cancellation).ConfigureAwait(false)
            : await StoreSession.OpenExistingAsync(context, arguments, cancellation).ConfigureAwait(false);
        RetentionSection? section = StoreSession.Retention(session.Composed);
        if (section?.ToPolicy() is not { DropsAnything: true } policy)
        {
            throw new BadInputException(
                "the stack has no retention: it drops nothing, whatever its age; write 'retention: { maxAge: 365d }' "
                + "in it, or give --set retention.maxAge=365d");
        }

        RetentionReport report = await session.Store.ApplyRetentionAsync(policy, isDryRun, cancellation)
            .ConfigureAwait(false);
        using var output = new OutputWriter(context.Console.Output);
        if (context.Options.Json(arguments))
        {
            WriteJson(report, isDryRun, output);
        }
        else
        {
            Write(report, section, isDryRun, output);
        }

        return ExitCode.Ok;
    }

    private static void Write(RetentionReport report, RetentionSection section, bool isDryRun, OutputWriter output)
    {
        foreach (DroppedPartition partition in report.Partitions)
        {
            output.Line(
                $"partition {partition.Name}: {Words.Count(partition.Events)} events too old, "
                + $"{Words.Count(partition.Kept)} kept"
                + (partition.IsWhole ? "; ends" : ""));
        }

        for (int i = 0; i < report.ByRule.Count; i++)
        {
            string what = i == section.Rules.Count ? "maxAge" : $"rule {i + 1}";
            if (report.ByRule[i] > 0)
            {
                output.Line($"{what}: {Words.Count(report.ByRule[i])} events too old");
            }
        }

        if (isDryRun)
        {
            output.Line(
                $"would drop {Words.Count(report.Events)} events and delete {Words.Size(report.IndexBytes)} of index "
                    + "files");
            return;
        }

        output.Line(
            $"dropped {Words.Count(report.Events)} events in {report.Duration.TotalMilliseconds:0} ms"
            + (report.Partitions.Count == 0
                ? ""
                : $"; partitions were out of force after {report.PartitionsOutOfForceAfter.TotalMilliseconds:0} ms"));
        output.Line(
            $"given back: {Words.Size(report.IndexBytes)} of index files, {report.Reclaimed.Count} segments of records "
            + $"({Words.Size(report.Reclaimed.Sum(static s => s.DiskBytes))}); "
            + $"'mortise compact' can give back {Words.Size(report.DeadBytesLeft)} more");
    }

    private static void WriteJson(RetentionReport report, bool isDryRun, OutputWriter output)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteBoolean("dryRun", isDryRun);
            json.WriteNumber("events", report.Events);
            json.WriteStartArray("partitions");
            foreach (DroppedPartition partition in report.Partitions)
            {
                json.WriteStartObject();
                json.WriteString("name", partition.Name);
                json.WriteNumber("events", partition.Events);
                json.WriteNumber("kept", partition.Kept);
                json.WriteBoolean("ends", partition.IsWhole);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("rules");
            foreach (long events in report.ByRule)
            {
                json.WriteNumberValue(events);
            }

            json.WriteEndArray();
            json.WriteNumber("indexBytes", report.IndexBytes);
            json.WriteNumber("segments", report.Reclaimed.Count);
            json.WriteNumber("segmentBytes", report.Reclaimed.Sum(static (SegmentUsage s) => s.DiskBytes));
            json.WriteNumber("deadBytesLeft", report.DeadBytesLeft);
            json.WriteNumber("outOfForceMilliseconds", report.PartitionsOutOfForceAfter.TotalMilliseconds);
            json.WriteNumber("milliseconds", report.Duration.TotalMilliseconds);
            json.WriteEndObject();
        }

        output.EndLine();
    }
}
