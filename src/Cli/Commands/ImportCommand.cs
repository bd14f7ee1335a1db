using System.CommandLine;
using System.Text.Json;
using Mortise.Cli.Import;
using Mortise.Cli.Output;
using Mortise.Nostr;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise import</c>: stores the events of JSON lines.</summary>
internal static class ImportCommand
{
    private const string StandardInput = "-";

    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var files = new Argument<string[]>("FILE")
        {
            Description = "Files of JSON lines, plain or gzipped; - for standard input. Without any: standard input.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var trusts = new Option<bool>("--no-verify") { Description = "Does not check ids and signatures." };
        var acknowledges = new Option<bool>("--ack")
        {
            Description = "Prints OK ID once an event is durable as the sync mode promises, DUP ID, or REJ ID REASON.",
        };
        var command = new Command("import", "Stores events from JSON lines.") { files, trusts, acknowledges };
        command.SetAction((arguments, cancellation) => RunAsync(
            context,
            arguments,
            arguments.GetValue(files) is { Length: > 0 } named ? named : [StandardInput],
            arguments.GetValue(trusts) ? null : EventVerifier.Default,
            arguments.GetValue(acknowledges),
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context,
        ParseResult arguments,
        string[] files,
        IEventVerifier? verifier,
        bool acknowledges,
        CancellationToken cancellation)
    {
        foreach (string file in files)
        {
            if (file != StandardInput && !File.Exists(file))
            {
                throw new BadInputException($"{file}: no such file");
            }
        }

        await using StoreSession session = await StoreSession.OpenAsync(context, arguments, cancellation)
            .ConfigureAwait(false);
        using var output = new OutputWriter(context.Console.Output);
        var runner = new ImportRunner(
            session.Store, verifier, acknowledges ? output : null, context.Console, context.Time);
        try
        {
            foreach (string file in files)
            {
                await ImportAsync(context, runner, file, cancellation).ConfigureAwait(false);
            }
        }
        catch (BadInputException)
        {
            // What came before the damage is stored, and the caller has to know how much that was.
            runner.Finish();
            Print(runner.Summary, output, context.Options.Json(arguments));
            throw;
        }

        runner.Finish();
        Print(runner.Summary, output, context.Options.Json(arguments));
        bool isNothingLikeEvents = runner.Summary.Read > 0 && runner.Summary.Malformed == runner.Summary.Read;
        return isNothingLikeEvents ? ExitCode.BadInput : ExitCode.Ok;
    }

    private static async Task ImportAsync(
        CommandContext context, ImportRunner runner, string file, CancellationToken cancellation)
    {
        bool isFile = file != StandardInput;
        await using Stream input = isFile ? File.OpenRead(file) : context.Console.Input;
        try
        {
            await runner.RunAsync(isFile ? file : "stdin", new LineSource(input, fillsBatches: isFile), cancellation)
                .ConfigureAwait(false);
        }
        catch (InvalidDataException e)
        {
            throw new BadInputException($"{file}: the gzip data is damaged or cut off ({e.Message})");
        }
    }

    private static void Print(ImportSummary summary, OutputWriter output, bool asJson)
    {
        if (!asJson)
        {
            output.Line(summary.ToString());
            return;
        }

        using (var json = new Utf8JsonWriter(output))
        {
            summary.WriteTo(json);
        }

        output.EndLine();
    }
}
