using System.Globalization;
using Mortise.Bench;

namespace Mortise.Cli.Output;

/// <summary>The result of a benchmark as tables.</summary>
internal static class BenchText
{
    /// <summary>Writes all that was measured.</summary>
    public static void Write(BenchResult result, OutputWriter to)
    {
        Line(to, $"{result.Events:N0} events, {result.BodyBytes:N0} bytes of bodies, seed {result.Seed}");
        foreach (IngestResult ingest in result.Ingest)
        {
            Line(to, $"ingest {ingest.Mode}: {ingest.EventsPerSecond:N0} events/s (second half {ingest.SecondHalf:N0}, "
                + $"with checkpoint {ingest.WithCheckpoint:N0}, packed {ingest.WithPack:N0}), "
                + $"{ingest.CpuMicroseconds:F2} us of processor, "
                + $"{ingest.AllocatedPerEvent:F0} B allocated an event");
            Line(to, $"  a batch: p50 {ingest.BatchP50:F2} ms, p99 {ingest.BatchP99:F2} ms, "
                + $"longest {ingest.BatchMax:F1} ms");
            Line(to, $"  disk: {ingest.BytesPerEvent:F1} B an event "
                + $"({string.Join(", ", ingest.DiskByPart.Select(p => Text($"{p.Key} {p.Value / 1e6:F1} MB")))}); "
                + $"written {ingest.WriteAmplification:F2}x the bodies; "
                + $"own memory {ingest.AnonymousBytes / 1e6:F0} MB");
        }

        foreach (CommitResult commits in result.Commits)
        {
            Line(to, $"one event a durable commit, {commits.Committers} at once: {commits.EventsPerSecond:N0}/s, "
                + $"p50 {commits.P50:F0} us, p99 {commits.P99:F0} us");
        }

        foreach (OpenResult open in result.Opens)
        {
            Line(to, $"open {open.What}: {open.Milliseconds:F2} ms, before it {open.Composing:F2} ms for stack and "
                + $"plugins, first lookup {open.FirstQuery:F3} ms, {open.LogRecords:N0} commits replayed");
        }

        foreach (QueryResult query in result.Queries)
        {
            Line(to, $"{query.Section,-12} digest {query.Digest}, {query.Rows:N0} rows, "
                + $"{query.AllocatedPerQuery:F0} B allocated a query");
            foreach (QueryPass pass in query.Passes)
            {
                Line(to, $"  {pass.Threads} threads: {pass.PerSecond,10:N0}/s, "
                    + $"{pass.PerCpuSecond,10:N0}/s of processor, "
                    + $"p50 {pass.P50,8:F2} us, p99 {pass.P99,8:F2} us, {pass.AllocatedPerQuery:F1} B allocated a query");
            }
        }

        if (result.Memory is { } memory)
        {
            Line(to, $"memory after the queries: {memory.AnonymousBytes / 1e6:F0} MB of its own, of it "
                + $"{memory.ManagedBytes / 1e6:F1} MB on the managed heap");
        }

        if (result.Paging is { } paging)
        {
            Line(to, $"pages of {paging.PageEvents} through {paging.Events:N0} events of an author and kind: the first "
                + $"{paging.FirstPages:F1} us, the last {paging.LastPages:F1} us");
        }

        foreach (BesideResult beside in result.Beside)
        {
            Line(to, $"{beside.Section} beside a writer of {beside.Written:N0} events/s: {beside.Beside:N0}/s of processor, "
                + $"{beside.Alone:N0} alone");
        }
    }

    private static void Line(OutputWriter to, string text) => to.Line(text);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
