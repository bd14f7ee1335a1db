using System.CommandLine;
using System.Text;
using Mortise.Cli.Output;
using Mortise.Host.Configuration;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise init</c>: writes a commented stack file.</summary>
internal static class InitCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var force = new Option<bool>("--force") { Description = "Overwrites a file that is there." };
        var command = new Command("init", "Writes the default stack, commented, to --stack or DATA/stack.yaml.")
        {
            force,
        };
        command.SetAction((arguments, _) => RunAsync(context, arguments, arguments.GetValue(force)));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, ParseResult arguments, bool overwrites)
    {
        string path = context.Options.Stack(arguments)
            ?? Path.Combine(context.Options.Data(arguments), StoreSession.StackFileName);
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        if (File.Exists(path) && !overwrites)
        {
            throw new BadInputException($"{path} is there already; --force overwrites it");
        }

        await File.WriteAllTextAsync(path, DefaultStack.Text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false))
            .ConfigureAwait(false);
        await Report.WriteAsync(context, arguments, $"wrote {path}", json => json.WriteString("stack", path))
            .ConfigureAwait(false);
        return ExitCode.Ok;
    }
}
