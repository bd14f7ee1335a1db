using System.CommandLine;
using Mortise.Cli.Output;
using Mortise.Nostr;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise generate</c>: signed sample events, the same for the same seed everywhere.</summary>
internal static class GenerateCommand
{
    private const ulong DefaultSeed = 1;

    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var count = new Argument<int>("N") { Description = "How many events, 0 and up." };
        var seed = new Option<ulong>("--seed")
        {
            Description = "Other seeds give other authors and events.",
            HelpName = "S",
            DefaultValueFactory = static _ => DefaultSeed,
        };
        var command = new Command("generate", "Prints signed, realistic sample events as JSON lines.") { count, seed };
        command.SetAction((arguments, cancellation) =>
        {
            using var output = new OutputWriter(context.Console.Output);
            Write(arguments.GetRequiredValue(count), arguments.GetValue(seed), output, context, cancellation);
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    /// <summary>Writes sample events as lines.</summary>
    internal static void Write(
        int count, ulong seed, OutputWriter output, CommandContext context, CancellationToken cancellation)
    {
        if (count < 0)
        {
            throw new BadInputException($"{count} events: must be 0 or more");
        }

        var progress = new ProgressLine(context.Console, context.Time);
        var lines = new EventLines(output, idsOnly: false);
        int written = 0;
        foreach (NostrEvent made in SampleEvents.Generate(count, seed))
        {
            cancellation.ThrowIfCancellationRequested();
            lines.Accept(made.View);
            written++;
            progress.Show(() => $"{Words.Count(written)} of {Words.Count(count)} events");
        }

        progress.Clear();
    }
}
