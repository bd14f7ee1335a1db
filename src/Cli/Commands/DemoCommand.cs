using System.CommandLine;
using System.Globalization;
using System.Text;
using Mortise.Cli.Import;
using Mortise.Cli.Output;
using Mortise.Host.Composition;
using Mortise.Host.Loading;
using Mortise.Nostr;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise demo</c>: the main job end to end, with what was loaded from where and what it cost.</summary>
internal static class DemoCommand
{
    private const int DefaultEvents = 5_000;
    private const ulong Seed = 7;

    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var count = new Option<int>("--events")
        {
            Description = "How many events to generate.",
            HelpName = "N",
            DefaultValueFactory = static _ => DefaultEvents,
        };
        var serve = new Option<bool>("--serve")
        {
            Description = "Goes on as a relay with a dashboard over what was imported, until it is interrupted.",
        };
        var seconds = new Option<int>("--for")
        {
            Description = "With --serve: ends by itself after this time.",
            HelpName = "SECONDS",
        };
        Option<string[]> urls = ServeCommand.CreateUrls();
        var command = new Command(
            "demo", "Generates events, imports them, answers a few filters; in a directory of its own without --data.")
        {
            count,
            serve,
            seconds,
            urls,
        };
        command.SetAction((arguments, cancellation) =>
            RunAsync(
                context,
                arguments,
                arguments.GetValue(count),
                arguments.GetValue(serve) ? arguments.GetValue(urls) : null,
                arguments.GetResult(seconds) is null ? null : arguments.GetValue(seconds) is var time and > 0
                    ? TimeSpan.FromSeconds(time)
                    : throw new BadInputException($"--for {arguments.GetValue(seconds)}: must be 1 or more"),
                cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context,
        ParseResult arguments,
        int count,
        string[]? urls,
        TimeSpan? time,
        CancellationToken cancellation)
    {
        bool isKept = context.Options.HasData(arguments);
        string folder = isKept
            ? context.Options.Data(arguments)
            : Directory.CreateTempSubdirectory("mortise-demo-").FullName;
        try
        {
            using var output = new OutputWriter(context.Console.Output);
            var demo = new Demo(context, arguments, folder, isRelay: urls is not null, output);
            await demo.RunAsync(count, cancellation).ConfigureAwait(false);
            if (urls is not null)
            {
                using var timer = new CancellationTokenSource(time ?? Timeout.InfiniteTimeSpan, context.Time);
                using var end = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellation);
                await ServeCommand.RunAsync(context, arguments, demo.Data, urls, end.Token).ConfigureAwait(false);
            }
        }
        finally
        {
            if (!isKept)
            {
                Directory.Delete(folder, recursive: true);
            }
        }

        return ExitCode.Ok;
    }

    private sealed class Demo(
        CommandContext context, ParseResult arguments, string folder, bool isRelay, OutputWriter output)
    {
        private readonly string _input = Path.Combine(folder, "events.jsonl");

        public string Data { get; } = Path.Combine(folder, "store");

        public async Task RunAsync(int count, CancellationToken cancellation)
        {
            Directory.CreateDirectory(folder);
            Generate(count, cancellation);
            await using (StoreSession session = await OpenAsync(cancellation).ConfigureAwait(false))
            {
                ShowPlugins(session);
                await ImportAsync(session, cancellation).ConfigureAwait(false);
                Ask(session.Store, cancellation);
            }

            long began = context.Time.GetTimestamp();
            await using StoreSession again = await OpenAsync(cancellation).ConfigureAwait(false);
            long events = again.Store.Count([Filter.Everything], cancellation);
            Title(Timed($"Closed and opened again: {Words.Count(events)} events", began));
            StatsCommand.WriteTable(again.Store.GetStatistics(), again.Composed.Cache, output);
            output.Line($"memory   {Words.Size(Environment.WorkingSet)} resident");
            output.Flush();
        }

        private ValueTask<StoreSession> OpenAsync(CancellationToken cancellation) =>
            isRelay
                ? StoreSession.OpenForRelayAsync(context, arguments, Data, cancellation)
                : StoreSession.OpenAsync(context, arguments, Data, cancellation);

        private void Generate(int count, CancellationToken cancellation)
        {
            long began = context.Time.GetTimestamp();
            using (FileStream file = File.Create(_input))
            using (var lines = new OutputWriter(file))
            {
                GenerateCommand.Write(count, Seed, lines, context, cancellation);
            }

            Title(Timed(
                $"Generated {Words.Count(count)} signed events, {Words.Size(new FileInfo(_input).Length)}, "
                + $"with {Schnorr.Default.Name}",
                began));
        }

        private void ShowPlugins(StoreSession session)
        {
            Title("Loaded plugins");
            foreach (LoadedPlugin plugin in session.Host.Loaded)
            {
                output.Line(
                    $"{plugin.Origin,-28} {Words.Size(plugin.Origin.Bytes),10}  "
                    + $"{Milliseconds(plugin.LoadTime),10}  {plugin.Origin.Folder}");
            }

            Title("The stack");
            ResolvedStack stack = session.Composed.Stack;
            Role("wal", stack.Log);
            Role("records", stack.Records);
            if (stack.Cache is { } cache)
            {
                Role("cache", cache);
            }

            foreach (ResolvedFamily family in stack.Families)
            {
                Role($"index {family.Name}", family.Structure);
            }

            output.Flush();
        }

        private void Role(string role, ResolvedComponent chosen) =>
            output.Line($"{role,-24} {chosen.Component.Descriptor.Id,-22} {chosen.Component.Plugin.Version}");

        private async Task ImportAsync(StoreSession session, CancellationToken cancellation)
        {
            var runner = new ImportRunner(session.Store, EventVerifier.Default, null, context.Console, context.Time);
            await using FileStream file = File.OpenRead(_input);
            await runner.RunAsync(_input, new LineSource(file, fillsBatches: true), cancellation).ConfigureAwait(false);
            runner.Finish();
            Title($"Imported, sync mode {Words.OneWord(session.Composed.Stack.Engine.SyncMode.ToString())}");
            output.Line(runner.Summary.ToString());
        }

        private void Ask(EventStore store, CancellationToken cancellation)
        {
            Title("Asked");
            NostrEvent? newest = store.Query([new Filter { Limit = 1 }], cancellation: cancellation).FirstOrDefault();
            if (newest is null)
            {
                return;
            }

            string[] filters =
            [
                """{"limit":20}""",
                """{"kinds":[1],"limit":20}""",
                $$"""{"authors":["{{newest.PubKey}}"],"limit":20}""",
                $$"""{"ids":["{{newest.Id}}"]}""",
                """{"#t":["nostr"],"limit":20}""",
                $$"""{"kinds":[7],"since":{{newest.CreatedAt - 86_400}},"until":{{newest.CreatedAt}}}""",
            ];
            foreach (string text in filters)
            {
                Filter filter = Filter.Parse(Encoding.UTF8.GetBytes(text));

                // Once for the just-in-time compiler; the second answer is what it costs.
                store.Explain([filter], count: false, cancellation);
                QueryExplanation answer = store.Explain([filter], count: false, cancellation);
                string shown = text.Length <= 60 ? text : text[..57] + "...";
                output.Line(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{shown,-60} {answer.Results,6} events {answer.Elapsed.TotalMicroseconds,9:0} us, "
                    + $"{answer.Entries} entries and {answer.Records} records read"));
            }
        }

        private void Title(string text)
        {
            output.Line("");
            output.Line(text);
            output.Flush();
        }

        private string Timed(string text, long began) => $"{text}, {Milliseconds(context.Time.GetElapsedTime(began))}";

        private static string Milliseconds(TimeSpan time) =>
            string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:#,0.0} ms");
    }
}
