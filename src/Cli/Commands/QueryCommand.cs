using System.CommandLine;
using Mortise.Cli.Output;
using Mortise.Nostr;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise query</c>: the events that match any of some filters, newest first, ties by lowest id.</summary>
internal static class QueryCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var filters = new Argument<string[]>("FILTER")
        {
            Description = "NIP-01 filters as JSON, each one filter or an array; - reads requests from standard input, "
                + "one a line, and prints one JSON array for each.",
            Arity = ArgumentArity.OneOrMore,
        };
        var ids = new Option<bool>("--ids") { Description = "Prints ids instead of events." };
        var explain = new Option<bool>("--explain") { Description = "Shows on standard error how it was answered." };
        var command = new Command("query", "Prints the events that match any of some filters, newest first.")
        {
            filters, ids, explain,
        };
        command.SetAction((arguments, cancellation) => RunAsync(
            context,
            arguments,
            arguments.GetRequiredValue(filters),
            arguments.GetValue(ids),
            arguments.GetValue(explain),
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context,
        ParseResult arguments,
        string[] texts,
        bool idsOnly,
        bool explains,
        CancellationToken cancellation)
    {
        bool readsInput = texts is [FilterArguments.StandardInput];
        IReadOnlyList<Filter> filters = readsInput ? [] : FilterArguments.Parse(texts);
        await using StoreSession session = await StoreSession.OpenExistingAsync(context, arguments, cancellation)
            .ConfigureAwait(false);
        using var output = new OutputWriter(context.Console.Output);
        if (readsInput)
        {
            await FilterArguments.AnswerLinesAsync(
                context,
                session.Store,
                request => WriteArray(session.Store, request, output, idsOnly, cancellation),
                output.Flush,
                cancellation).ConfigureAwait(false);
            return ExitCode.Ok;
        }

        FilterArguments.RequireAnswerable(session.Store, filters);
        var lines = new EventLines(output, idsOnly);
        session.Store.Query(filters, ref lines, after: null, cancellation);
        if (explains)
        {
            QueryExplanation how = session.Store.Explain(filters, count: false, cancellation);
            await context.Console.Error.WriteAsync(how.ToString()).ConfigureAwait(false);
        }

        return ExitCode.Ok;
    }

    private static void WriteArray(
        EventStore store,
        IReadOnlyList<Filter> filters,
        OutputWriter output,
        bool idsOnly,
        CancellationToken cancellation)
    {
        var items = new EventArrayItems(output, idsOnly);
        output.Write("["u8);
        store.Query(filters, ref items, after: null, cancellation);
        output.Write("]\n"u8);
    }
}
