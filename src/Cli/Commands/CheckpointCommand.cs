using System.CommandLine;
using Mortise.Cli.Output;

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
        ulong lsn = session.Store.GetStatistics().CheckpointLsn.Value;
        await Report.WriteAsync(
            context, arguments, $"checkpoint at LSN {lsn}", json => json.WriteNumber("lsn", lsn)).ConfigureAwait(false);
        return ExitCode.Ok;
    }
}
