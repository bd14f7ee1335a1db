using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Mortise.Bench;
using Mortise.Cli.Import;
using Mortise.Cli.Output;
using Mortise.Nostr;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise bench --import</c>: the benchmark on somebody's own events.</summary>
internal static class OwnEventsBench
{
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static async Task<int> RunAsync(
        CommandContext context,
        ParseResult arguments,
        BenchStores stores,
        OwnEventsFiles files,
        int batchSize,
        CancellationToken cancellation)
    {
        List<byte[]> lines = await ReadLinesAsync(files.Events, cancellation).ConfigureAwait(false);
        var requests = new List<IReadOnlyList<Filter>>();
        if (files.Requests is { } path)
        {
            int number = 0;
            foreach (byte[] line in await ReadLinesAsync(path, cancellation).ConfigureAwait(false))
            {
                number++;
                requests.Add(FilterArguments.ParseRequest(line, $"{path}, request {number}"));
            }
        }

        DirectoryInfo scratch = Directory.CreateTempSubdirectory("mortise-bench-");
        try
        {
            var progress = new ProgressLine(context.Console, context.Time);
            OwnEventsResult result = await new OwnEventsRun(stores, scratch.FullName, batchSize)
                .RunAsync(lines, requests, new Steps(progress), cancellation).ConfigureAwait(false);
            progress.Clear();
            using var output = new OutputWriter(context.Console.Output);
            if (context.Options.Json(arguments))
            {
                output.Write(JsonSerializer.SerializeToUtf8Bytes(result, s_json));
                output.EndLine();
            }
            else
            {
                Write(result, output);
            }

            return result.Wrong.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private static async Task<List<byte[]>> ReadLinesAsync(string path, CancellationToken cancellation)
    {
        var lines = new List<byte[]>();
        await using FileStream file = File.OpenRead(path);
        await foreach (LineBatch batch in new LineSource(file, fillsBatches: true).ReadAsync(cancellation)
            .ConfigureAwait(false))
        {
            using (batch)
            {
                for (int i = 0; i < batch.Count; i++)
                {
                    lines.Add(batch.Line(i).ToArray());
                }

                foreach (long number in batch.TooLong)
                {
                    throw new BadInputException($"{path}:{number}: longer than {LineSource.MaxLineBytes >> 20} MiB");
                }
            }
        }

        return lines;
    }

    private static void Write(OwnEventsResult result, OutputWriter to)
    {
        to.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{result.Lines:N0} events, {result.Refused:N0} lines refused, {result.Stored:N0} stored, "
            + $"{result.BytesPerEvent:F1} B on disk each"));
        to.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"checked and stored {result.VerifiedIngest:N0}/s, {result.VerifiedIngest / result.VerificationBound:P0} of "
            + $"the {result.VerificationBound:N0}/s that checking alone allows; unchecked {result.PlainIngest:N0}/s"));
        string verdict = result.Wrong.Count == 0
            ? "every answer is that of a search of all events"
            : $"WRONG: requests {string.Join(", ", result.Wrong)}";
        to.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{result.Requests:N0} requests, {result.Results:N0} results, p50 {result.P50:F1} us, "
            + $"p99 {result.P99:F1} us; {verdict}"));
    }

    private sealed class Steps(ProgressLine line) : IProgress<string>
    {
        public void Report(string value) => line.Show(() => value);
    }
}

/// <summary>The files of a benchmark on somebody's own events.</summary>
/// <param name="Events">One event a line.</param>
/// <param name="Requests">One request a line; null for none.</param>
internal sealed record OwnEventsFiles(string Events, string? Requests);
