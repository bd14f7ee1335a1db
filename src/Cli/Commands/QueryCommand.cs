using System.CommandLine;
using Mortise.Cli.Output;
using Mortise.Nostr;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise query</c>: the events that match any of some filters, newest first, ties by lowest id.</summary>
internal static class QueryCommand
{
    // How long a new event may wait to be shown.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);

    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var filters = new Argument<string[]>("FILTER")
        {
            Description = "NIP-01 filters as JSON, each one filter or an array; - reads requests from standard input, "
                + "one a line, and prints one JSON array for each. Blank lines are skipped and get no answer.",
            Arity = ArgumentArity.OneOrMore,
        };
        var ids = new Option<bool>("--ids") { Description = "Prints ids instead of events." };
        var count = new Option<bool>("--count") { Description = "Prints how many events match, as 'mortise count'." };
        var explain = new Option<bool>("--explain")
        {
            Description = "Shows on standard error how it was answered; with --json as an object.",
        };
        var follow = new Option<bool>("--follow")
        {
            Description = "Goes on with new events as any process stores them, until it is interrupted.",
        };
        var command = new Command(
            "query", "Prints the events that match any of some filters, newest first; with --json as one array.")
        {
            filters, ids, count, explain, follow,
        };
        command.SetAction((arguments, cancellation) => RunAsync(
            context,
            arguments,
            new Request(
                arguments.GetRequiredValue(filters),
                arguments.GetValue(ids),
                arguments.GetValue(count),
                arguments.GetValue(explain),
                arguments.GetValue(follow)),
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context, ParseResult arguments, Request request, CancellationToken cancellation)
    {
        bool readsInput = request.Texts is [FilterArguments.StandardInput];
        IReadOnlyList<Filter> filters = readsInput ? [] : FilterArguments.Parse(request.Texts);
        if (request.Follows)
        {
            return readsInput || request.Counts || context.Options.Json(arguments)
                ? throw new BadInputException("--follow goes with filters, and not with -, --count or --json")
                : await FollowAsync(context, arguments, filters, request, cancellation).ConfigureAwait(false);
        }

        await using StoreSession session = await StoreSession.OpenExistingAsync(context, arguments, cancellation)
            .ConfigureAwait(false);
        using var output = new OutputWriter(context.Console.Output);
        bool asJson = context.Options.Json(arguments);
        if (readsInput)
        {
            await FilterArguments.AnswerLinesAsync(
                context,
                session.Store,
                asked => Answer(session.Store, asked, output, request, asJson, isArray: true, cancellation),
                output.Flush,
                cancellation).ConfigureAwait(false);
            return ExitCode.Ok;
        }

        FilterArguments.RequireAnswerable(session.Store, filters);
        Answer(session.Store, filters, output, request, asJson, isArray: asJson, cancellation);
        if (request.Explains)
        {
            QueryExplanation how = session.Store.Explain(filters, request.Counts, cancellation);
            await context.Console.Error.WriteAsync(asJson ? PlanJson.Write(how) : how.ToString()).ConfigureAwait(false);
        }

        return ExitCode.Ok;
    }

    private static void Answer(
        EventStore store,
        IReadOnlyList<Filter> filters,
        OutputWriter output,
        Request request,
        bool asJson,
        bool isArray,
        CancellationToken cancellation)
    {
        if (request.Counts)
        {
            CountCommand.Write(store.Count(filters, cancellation), asJson, output);
        }
        else if (isArray)
        {
            var items = new EventArrayItems(output, request.IdsOnly);
            output.Write("["u8);
            store.Query(filters, ref items, after: null, cancellation);
            output.Write("]\n"u8);
        }
        else
        {
            var lines = new EventLines(output, request.IdsOnly);
            store.Query(filters, ref lines, after: null, cancellation);
        }
    }

    /// <summary>Prints what is stored if no other process has the store, gives its lock back, and reads the
    /// log.</summary>
    private static async Task<int> FollowAsync(
        CommandContext context,
        ParseResult arguments,
        IReadOnlyList<Filter> filters,
        Request request,
        CancellationToken cancellation)
    {
        if (filters.Any(static f => f.Search is not null))
        {
            throw new BadInputException("--follow reads the log, which has no words: leave 'search' out");
        }

        using var output = new OutputWriter(context.Console.Output);
        var log = new FollowedLog(
            StoreSession.ComposeExisting(context, arguments).Composition,
            filters,
            request.IdsOnly,
            output,
            context.Console.Error);
        try
        {
            await using StoreSession session = await StoreSession.OpenExistingAsync(context, arguments, cancellation)
                .ConfigureAwait(false);
            using EventQuery stored = session.Store.OpenQuery(filters, cancellation: cancellation);
            var sink = new RememberedLines(log, new EventLines(output, request.IdsOnly));
            while (stored.PushNext(ref sink))
            {
            }

            log.Last = stored.Lsn;
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.Locked)
        {
            log.SkipToEnd(cancellation);
            await context.Console.Error.WriteLineAsync(
                "mortise: the store is open in another process: new events only").ConfigureAwait(false);
        }

        try
        {
            while (true)
            {
                log.Show(cancellation);
                await Task.Delay(s_pause, context.Time, cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Ok;
        }
    }

    private sealed record Request(string[] Texts, bool IdsOnly, bool Counts, bool Explains, bool Follows);

    private readonly struct RememberedLines(FollowedLog log, EventLines lines) : IEventSink
    {
        public bool Accept(in EventView @event)
        {
            log.TryRemember(@event);
            return lines.Accept(@event);
        }
    }
}
