using System.CommandLine;
using System.Text.Json;
using Mortise.Cli.Output;
using Mortise.Engine;
using Mortise.Nostr;
using Mortise.Records;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise compact</c>: gives the space of deleted and expired events back.</summary>
internal static class CompactCommand
{
    private const int ExpiredAtOnce = 1000;

    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var minDead = new Option<double>("--min-dead")
        {
            Description = "Rewrites segments of which at least this part is deleted; above 0, at most 1.",
            HelpName = "PART",
            DefaultValueFactory = static _ => new CompactionOptions().MinDeadFraction,
        };
        var all = new Option<bool>("--all")
        {
            Description = "Rewrites every full segment, so that its records are compressed as the stack says now, and "
                + "every index.",
        };
        var rate = new Option<string>("--rate")
        {
            Description = "Moves at most this much a second, for example 10MiB. Without it: no limit.",
            HelpName = "SIZE",
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "Says what would be done and changes nothing." };
        var command = new Command(
            "compact", "Removes expired events where the stack says so, and gives the space of deleted ones back.")
        {
            minDead, all, rate, dryRun,
        };
        command.SetAction((arguments, cancellation) => RunAsync(
            context,
            arguments,
            new CompactionOptions
            {
                MinDeadFraction = PartOf(arguments.GetValue(minDead)),
                IncludesAll = arguments.GetValue(all),
                BytesPerSecond = SizeOf(arguments.GetValue(rate)),
                IsDryRun = arguments.GetValue(dryRun),
            },
            cancellation));
        return command;
    }

    private static double PartOf(double part) =>
        part is > 0 and <= 1 ? part : throw new BadInputException($"--min-dead {part}: must be above 0 and at most 1");

    private static ByteSize SizeOf(string? text) =>
        text is null ? default
        : ByteSize.TryParse(text, out ByteSize size) && size.Bytes > 0 ? size
        : throw new BadInputException($"--rate {text}: must be a size such as 512KiB or 10MiB");

    private static async Task<int> RunAsync(
        CommandContext context, ParseResult arguments, CompactionOptions options, CancellationToken cancellation)
    {
        // A dry run does what it says in memory, over the files as they are.
        await using StoreSession session = options.IsDryRun
            ? await StoreSession.OpenUntouchedAsync(context, arguments, cancellation).ConfigureAwait(false)
            : await StoreSession.OpenExistingAsync(context, arguments, cancellation).ConfigureAwait(false);
        long expired = await RemoveExpiredAsync(session, cancellation).ConfigureAwait(false);
        var progress = new ProgressLine(context.Console, context.Time);
        int done = 0;
        CompactionReport report = await session.Store.Engine.CompactAsync(
            options, new Shown(() => progress.Show(() => $"{++done} segments compacted")), cancellation)
            .ConfigureAwait(false);
        if (!options.IsDryRun)
        {
            StoreEngine engine = session.Store.Engine;
            _ = options.IncludesAll
                ? await engine.PackAllAsync(cancellation).ConfigureAwait(false)
                : await engine.PackAsync(cancellation).ConfigureAwait(false);
        }

        progress.Clear();
        using var output = new OutputWriter(context.Console.Output);
        if (context.Options.Json(arguments))
        {
            WriteJson(report, expired, options.IsDryRun, output);
        }
        else
        {
            Write(report, expired, options.IsDryRun, output);
        }

        return ExitCode.Ok;
    }

    private static async ValueTask<long> RemoveExpiredAsync(StoreSession session, CancellationToken cancellation)
    {
        bool canFind = session.Composed.Stack.Families.Any(static f => f.Projection == EventProjections.Expiration);
        if (!canFind || !StoreSession.Events(session.Composed).Policy.HonourExpiration)
        {
            return 0;
        }

        long sum = 0;
        int removed;
        do
        {
            removed = await session.Store.RemoveExpiredAsync(ExpiredAtOnce, cancellation).ConfigureAwait(false);
            sum += removed;
        }
        while (removed == ExpiredAtOnce);
        return sum;
    }

    private static void Write(CompactionReport report, long expired, bool isDryRun, OutputWriter output)
    {
        foreach (SegmentUsage segment in report.Segments)
        {
            output.Line(
                $"segment {segment.Segment}: "
                + $"{Words.Count(segment.LiveRecords)} live ({Words.Size(segment.LiveBytes)}), "
                + $"{Words.Count(segment.DeadRecords)} dead ({Words.Size(segment.DeadBytes)})");
        }

        if (isDryRun)
        {
            output.Line($"would remove {Words.Count(expired)} expired events");
            output.Line(
                $"would rewrite {report.Segments.Count} segments: "
                + $"move {Words.Size(report.Segments.Sum(static s => s.LiveBytes))}, "
                + $"give back {Words.Size(report.Segments.Sum(static s => s.DeadBytes))}");
            return;
        }

        output.Line($"expired events removed: {Words.Count(expired)}");
        output.Line(
            $"rewrote {report.Segments.Count} segments: moved {Words.Count(report.MovedRecords)} records "
            + $"({Words.Size(report.MovedBytes)}), gave back {Words.Count(report.ReclaimedRecords)} deleted records");
        output.Line(
            $"records on disk: {Words.Size(report.DiskBytesBefore)} before, {Words.Size(report.DiskBytesAfter)} after");
    }

    private static void WriteJson(CompactionReport report, long expired, bool isDryRun, OutputWriter output)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteBoolean("dryRun", isDryRun);
            json.WriteNumber("expiredRemoved", expired);
            json.WriteNumber("movedRecords", report.MovedRecords);
            json.WriteNumber("movedBytes", report.MovedBytes);
            json.WriteNumber("reclaimedRecords", report.ReclaimedRecords);
            json.WriteNumber("diskBytesBefore", report.DiskBytesBefore);
            json.WriteNumber("diskBytesAfter", report.DiskBytesAfter);
            json.WriteStartArray("segments");
            foreach (SegmentUsage segment in report.Segments)
            {
                json.WriteStartObject();
                json.WriteNumber("segment", segment.Segment);
                json.WriteNumber("liveRecords", segment.LiveRecords);
                json.WriteNumber("liveBytes", segment.LiveBytes);
                json.WriteNumber("deadRecords", segment.DeadRecords);
                json.WriteNumber("deadBytes", segment.DeadBytes);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        output.EndLine();
    }

    /// <summary>Told where the compaction runs, so that the last report comes before its result.</summary>
    private sealed class Shown(Action show) : IProgress<SegmentUsage>
    {
        public void Report(SegmentUsage value) => show();
    }
}
