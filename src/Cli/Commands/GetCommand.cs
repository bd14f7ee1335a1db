using System.CommandLine;
using Mortise.Cli.Output;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise get</c>: one event by its id.</summary>
internal static class GetCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var id = new Argument<string>("ID") { Description = "The event's id: 64 hexadecimal digits." };
        var command = new Command("get", "Prints one event by its id.") { id };
        command.SetAction((arguments, cancellation) =>
            RunAsync(context, arguments, EventIdArgument.Parse(arguments.GetRequiredValue(id)), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context, ParseResult arguments, byte[] id, CancellationToken cancellation)
    {
        await using StoreSession session = await StoreSession.OpenExistingAsync(context, arguments, cancellation)
            .ConfigureAwait(false);
        using var output = new OutputWriter(context.Console.Output);
        var line = new EventLines(output, idsOnly: false);
        if (session.Store.TryGet(id, ref line))
        {
            return ExitCode.Ok;
        }

        await context.Console.Error.WriteLineAsync($"mortise: no event {Convert.ToHexStringLower(id)}")
            .ConfigureAwait(false);
        return ExitCode.Failed;
    }
}
