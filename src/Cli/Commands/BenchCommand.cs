using System.CommandLine;
using System.Text.Json;
using Mortise.Bench;
using Mortise.Bench.Workload;
using Mortise.Cli.Output;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Nostr;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise bench</c>: measures the stack on the workload that its rivals are measured on.</summary>
internal static class BenchCommand
{
    private const long DefaultEvents = 100_000;
    private const ulong DefaultSeed = 42;

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var workload = new Option<string>("--workload")
        {
            Description = "A folder with events.bin and queries.bin. Without it they are generated.",
            HelpName = "DIR",
        };
        var events = new Option<long?>("--events")
        {
            Description = $"At most this many events; without --workload, how many to generate ({DefaultEvents}).",
            HelpName = "N",
        };
        var phases = new Option<string[]>("--phases")
        {
            Description = "What to measure, with commas or spaces between: durable, relaxed, commits, open, queries, recovery, paging, beside. Without it: all.",
            AllowMultipleArgumentsPerToken = true,
        };
        var threads = new Option<int[]>("--threads")
        {
            Description = "Reader threads, one timed pass each.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = static _ => [1, 2],
        };
        var seconds = new Option<double>("--seconds")
        {
            Description = "The longest time of a timed pass.",
            DefaultValueFactory = static _ => 8,
        };
        var batch = new Option<int>("--batch")
        {
            Description = "Events a commit.",
            DefaultValueFactory = static _ => 1000,
        };
        var queries = new Option<int?>("--queries")
        {
            Description = "The first so many queries of each shape. Without it: all, so that digests can be compared.",
            HelpName = "N",
        };
        var import = new Option<string?>("--import")
        {
            Description = "Measures your own events instead, one a line as JSON; gzip is unpacked.",
            HelpName = "FILE",
        };
        var requests = new Option<string?>("--requests")
        {
            Description = "With --import: the requests to answer, one a line: a filter or an array of filters. Every "
                + "answer is checked against a search of all events. Exit 1 when one is wrong.",
            HelpName = "FILE",
        };
        var command = new Command(
            "bench", "Measures ingest, queries, opening and recovery on a generated workload, and prints digests.")
        {
            workload, events, phases, threads, seconds, batch, queries, import, requests,
        };
        command.SetAction((arguments, cancellation) => arguments.GetValue(import) is { } own
            ? OwnEventsBench.RunAsync(
                context,
                arguments,
                Stores(context, arguments),
                new OwnEventsFiles(own, arguments.GetValue(requests)),
                Positive("--batch", arguments.GetValue(batch)),
                cancellation)
            : RunAsync(
            context,
            arguments,
            scratch => new BenchOptions
            {
                Workload = arguments.GetValue(workload) ?? Generate(scratch, arguments.GetValue(events)),
                Scratch = scratch,
                Events = arguments.GetValue(events),
                BatchSize = Positive("--batch", arguments.GetValue(batch)),
                QueriesPerSection = arguments.GetValue(queries) is { } most ? Positive("--queries", most) : null,
                Threads = [.. arguments.GetValue(threads)!.Select(static t => Positive("--threads", t))],
                LongestPass = TimeSpan.FromSeconds(arguments.GetValue(seconds)),
                Phases = arguments.GetValue(phases) is { Length: > 0 } named
                    ? [.. named.SelectMany(static names => names.Split(',')).Select(Phase)]
                    : Enum.GetValues<BenchPhase>().ToHashSet(),
            },
            cancellation));
        return command;
    }

    /// <summary>A phase by its name. Not left to the parser, which takes <c>relaxed,queries</c> for the sum of two numbers.</summary>
    private static BenchPhase Phase(string name) =>
        Enum.GetValues<BenchPhase>().Cast<BenchPhase?>().FirstOrDefault(
            phase => string.Equals(phase.ToString(), name, StringComparison.OrdinalIgnoreCase))
        ?? throw new BadInputException(
            $"--phases {name}: there is no such phase; there are {string.Join(", ", Enum.GetNames<BenchPhase>()).ToLowerInvariant()}");

    private static int Positive(string option, int value) =>
        value > 0 ? value : throw new BadInputException($"{option} {value}: must be 1 or more");

    private static string Generate(string scratch, long? events)
    {
        string folder = Path.Combine(scratch, "workload");
        Directory.CreateDirectory(folder);
        WorkloadGenerator.Write(folder, events ?? DefaultEvents, DefaultSeed);
        return folder;
    }

    private static async Task<int> RunAsync(
        CommandContext context,
        ParseResult arguments,
        Func<string, BenchOptions> makeOptions,
        CancellationToken cancellation)
    {
        string scratch = Directory.CreateTempSubdirectory("mortise-bench-").FullName;
        try
        {
            BenchOptions options = makeOptions(scratch);
            var progress = new ProgressLine(context.Console, context.Time);
            BenchResult result = await new BenchRun(Stores(context, arguments), options)
                .RunAsync(new Shown(progress), cancellation).ConfigureAwait(false);
            progress.Clear();
            using var output = new OutputWriter(context.Console.Output);
            if (context.Options.Json(arguments))
            {
                output.Write(JsonSerializer.SerializeToUtf8Bytes(result, s_json));
                output.EndLine();
            }
            else
            {
                BenchText.Write(result, output);
            }

            return ExitCode.Ok;
        }
        catch (InvalidDataException e)
        {
            throw new BadInputException(e.Message);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private static BenchStores Stores(CommandContext context, ParseResult arguments)
    {
        MortiseHost host = StoreSession.CreateHost(context, arguments);
        return (folder, mode, checkpoints) =>
        {
            string[] overrides =
            [
                $"wal.syncMode={Words.OneWord(mode.ToString())}",
                .. checkpoints ? (string[])[] : ["engine.checkpointBytes=1024GiB", "engine.checkpointInterval=7d"],
                .. context.Options.Overrides(arguments),
            ];
            StackFile file = context.Options.Stack(arguments) is { } path
                ? StackFile.Read(path, overrides)
                : StackFile.Parse("(bench stack)", BenchStack.Text, overrides);
            ComposedStore composed = host.Compose(host.Resolve(file), folder);
            return () => EventStore.OpenAsync(composed.Composition, StoreSession.Events(composed));
        };
    }

    private sealed class Shown(ProgressLine line) : IProgress<string>
    {
        public void Report(string value) => line.Show(() => value);
    }
}
