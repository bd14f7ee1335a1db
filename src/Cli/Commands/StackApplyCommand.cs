using System.CommandLine;
using System.Text;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Nostr;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise stack apply</c>: brings a store that has data to another stack.</summary>
internal static class StackApplyCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var file = new Argument<string>("FILE") { Description = "The stack that is wanted." };
        var rehearses = new Option<bool>("--dry-run") { Description = "Says what would be done, and does nothing." };
        var command = new Command(
            "apply",
            "Builds the index families that the file names otherwise from the records, exchanges them, drops those "
            + "that it does not name, and keeps the file as the store's stack.") { file, rehearses };
        command.SetAction((arguments, cancellation) => RunAsync(
            context, arguments, arguments.GetRequiredValue(file), arguments.GetValue(rehearses), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context, ParseResult arguments, string file, bool isRehearsal, CancellationToken cancellation)
    {
        string data = context.Options.Data(arguments);
        await using StoreSession session = await StoreSession.OpenExistingAsync(context, arguments, cancellation)
            .ConfigureAwait(false);
        ResolvedStack wanted = session.Host.Resolve(StackFile.Read(file, context.Options.Overrides(arguments)));
        if (wanted.Families.All(static f => f.Projection != EventProjections.Id))
        {
            throw new BadInputException($"{file}: no family has the projection 'id', which every store of events "
                + "needs");
        }

        var change = StackChange.Between(session.Composed, session.Host.Compose(wanted, data));
        if (change.Obstacle is { } obstacle)
        {
            throw new BadInputException($"{file}: {obstacle}");
        }

        TextWriter error = context.Console.Error;
        if (isRehearsal || change.IsEmpty)
        {
            foreach (string name in change.Switched)
            {
                await error.WriteLineAsync($"{name}: would be built and exchanged").ConfigureAwait(false);
            }

            foreach (string name in change.Dropped)
            {
                await error.WriteLineAsync($"{name}: would be dropped").ConfigureAwait(false);
            }
        }
        else
        {
            await change.ApplyAsync(
                session.Store.Engine,
                report => error.WriteLine(
                    $"{report.Name}: {report.Structure.ComponentId}, built from {Words.Count(report.Records)} records "
                    + $"in {report.Duration.TotalSeconds:0.0} s"),
                cancellation).ConfigureAwait(false);
            foreach (string name in change.Dropped)
            {
                await error.WriteLineAsync($"{name}: dropped").ConfigureAwait(false);
            }
        }

        if (!isRehearsal)
        {
            Keep(wanted, data, error);
        }

        return ExitCode.Ok;
    }

    /// <summary>The store's stack is now this one, as every value was in force.</summary>
    private static void Keep(ResolvedStack stack, string data, TextWriter error)
    {
        string path = Path.Combine(data, StoreSession.StackFileName);
        if (stack.HasRelativeFolders)
        {
            error.WriteLine(
                $"{stack.Source.Origin} names plugin folders relative to itself and is not copied to {path}; name it "
                + "with --stack from now on");
            return;
        }

        string unfinished = path + ".new";
        File.WriteAllText(
            unfinished,
            StackView.Write(stack, withOrigins: false),
            new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        File.Move(unfinished, path, overwrite: true);
    }
}
