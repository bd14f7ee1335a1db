using System.CommandLine;
using Mortise.Cli.Output;
using Mortise.Nostr;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise export</c>: events as JSON lines, newest first.</summary>
internal static class ExportCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var filters = new Argument<string[]>("FILTER")
        {
            Description = "NIP-01 filters as JSON; without any, everything.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var ids = new Option<bool>("--ids") { Description = "Prints ids instead of events." };
        var command = new Command("export", "Prints events as JSON lines, newest first.") { filters, ids };
        command.SetAction((arguments, cancellation) => RunAsync(
            context, arguments, arguments.GetValue(filters) ?? [], arguments.GetValue(ids), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context, ParseResult arguments, string[] texts, bool idsOnly, CancellationToken cancellation)
    {
        IReadOnlyList<Filter> filters = texts.Length == 0 ? [Filter.Everything] : FilterArguments.Parse(texts);
        await using StoreSession session = await StoreSession.OpenExistingAsync(context, arguments, cancellation)
            .ConfigureAwait(false);
        using var output = new OutputWriter(context.Console.Output);
        var lines = new EventLines(output, idsOnly);
        session.Store.Query(filters, ref lines, after: null, cancellation);
        return ExitCode.Ok;
    }
}
