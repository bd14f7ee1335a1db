using System.CommandLine;
using Mortise.Cli.Output;
using Mortise.Nostr;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise count</c>: how many events match any of some filters.</summary>
internal static class CountCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var filters = new Argument<string[]>("FILTER")
        {
            Description = "NIP-01 filters as JSON, each one filter or an array; - reads requests from standard input, "
                + "one a line, and prints one number for each. Blank lines are skipped and get no answer.",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("count", "Prints how many events match any of some filters.") { filters };
        command.SetAction((arguments, cancellation) =>
            RunAsync(context, arguments, arguments.GetRequiredValue(filters), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context, ParseResult arguments, string[] texts, CancellationToken cancellation)
    {
        bool readsInput = texts is [FilterArguments.StandardInput];
        IReadOnlyList<Filter> filters = readsInput ? [] : FilterArguments.Parse(texts);
        bool asJson = context.Options.Json(arguments);
        await using StoreSession session = await StoreSession.OpenExistingAsync(context, arguments, cancellation)
            .ConfigureAwait(false);
        using var output = new OutputWriter(context.Console.Output);
        if (readsInput)
        {
            await FilterArguments.AnswerLinesAsync(
                context,
                session.Store,
                request => Write(session.Store.Count(request, cancellation), asJson, output),
                output.Flush,
                cancellation).ConfigureAwait(false);
        }
        else
        {
            FilterArguments.RequireAnswerable(session.Store, filters);
            Write(session.Store.Count(filters, cancellation), asJson, output);
        }

        return ExitCode.Ok;
    }

    /// <summary>Writes one answer.</summary>
    public static void Write(long count, bool asJson, OutputWriter output)
    {
        output.Write(asJson ? "{\"count\":"u8 : ""u8);
        output.Write(count);
        output.Write(asJson ? "}\n"u8 : "\n"u8);
    }
}
