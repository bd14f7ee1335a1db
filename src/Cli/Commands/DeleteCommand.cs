using System.CommandLine;
using Mortise.Cli.Output;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise delete</c>: removes one event.</summary>
internal static class DeleteCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var id = new Argument<string>("ID") { Description = "The event's id: 64 hexadecimal digits." };
        var command = new Command("delete", "Removes one event, without remembering that: it may come back.") { id };
        command.SetAction((arguments, cancellation) =>
            RunAsync(context, arguments, EventIdArgument.Parse(arguments.GetRequiredValue(id)), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandContext context, ParseResult arguments, byte[] id, CancellationToken cancellation)
    {
        await using StoreSession session = await StoreSession.OpenExistingAsync(context, arguments, cancellation)
            .ConfigureAwait(false);
        bool wasThere = await session.Store.DeleteAsync(id, cancellation).ConfigureAwait(false);
        string hex = Convert.ToHexStringLower(id);
        await Report.WriteAsync(context, arguments, $"{(wasThere ? "deleted" : "no event")} {hex}", json =>
        {
            json.WriteString("id", hex);
            json.WriteBoolean("deleted", wasThere);
        }).ConfigureAwait(false);
        return wasThere ? ExitCode.Ok : ExitCode.Failed;
    }
}
