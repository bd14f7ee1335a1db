using System.CommandLine;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise checkpoint</c>: makes every part durable without the log.</summary>
internal static class CheckpointCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var command = new Command("checkpoint", "Makes every part durable and lets the log drop what nobody needs.");
        command.SetAction((arguments, cancellation) => RunAsync(context, arguments, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context, ParseResult arguments, CancellationToken cancellation)
    {
        await using StoreSession session = await StoreSession.OpenExistingAsync(context, arguments, cancellation)
            .ConfigureAwait(false);
        await session.Store.CheckpointAsync(cancellation).ConfigureAwait(false);
        await context.Console.Error.WriteLineAsync(
            $"checkpoint at LSN {session.Store.GetStatistics().CheckpointLsn.Value}").ConfigureAwait(false);
        return ExitCode.Ok;
    }
}
