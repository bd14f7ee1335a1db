using System.CommandLine;
using Mortise.Cli.Commands;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;
using Mortise.Nostr;

namespace Mortise.Cli;

/// <summary>The tool: parses arguments, runs one command, turns failures into messages and exit codes.</summary>
internal static class MortiseTool
{
    private const string DebugVariable = "MORTISE_DEBUG";

    /// <summary>Runs one command line.</summary>
    /// <param name="arguments">Without the program's name.</param>
    /// <param name="console">Where it reads and writes.</param>
    /// <param name="cancellation">Stops the command in order.</param>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(
        string[] arguments, ToolConsole console, CancellationToken cancellation = default)
    {
        var options = new GlobalOptions();
        RootCommand root = CreateRoot(new CommandContext(options, console));
        ParseResult parsed = root.Parse(
            arguments, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            foreach (string message in parsed.Errors.Select(static error => error.Message).Distinct())
            {
                await console.Error.WriteLineAsync($"mortise: {message}").ConfigureAwait(false);
            }

            await console.Error.WriteLineAsync("mortise: see --help").ConfigureAwait(false);
            return ExitCode.BadInput;
        }

        await using var help = new StreamWriter(console.Output, leaveOpen: true);
        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = TimeSpan.FromSeconds(30),
                    Output = help,
                    Error = console.Error,
                },
                cancellation).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // The outermost frame: whatever it is, the caller gets a message and a code, never a stack trace.
            return Explain(e, console.Error);
        }
    }

    private static RootCommand CreateRoot(CommandContext context)
    {
        var root = new RootCommand("An event store for Nostr, made of plugins.")
        {
            InitCommand.Create(context),
            ImportCommand.Create(context),
            ExportCommand.Create(context),
            GetCommand.Create(context),
            QueryCommand.Create(context),
            CountCommand.Create(context),
            DeleteCommand.Create(context),
            ServeCommand.Create(context),
            StatsCommand.Create(context),
            CheckpointCommand.Create(context),
            UpgradeCommand.Create(context),
            DoctorCommand.Create(context),
            InspectCommand.Create(context),
            BackupCommand.Create(context),
            SimulateCommand.Create(context),
            ConformanceCommand.Create(context),
            CompactCommand.Create(context),
            RetentionCommand.Create(context),
            WalCommand.Create(context),
            PluginsCommand.Create(context),
            StackCommand.Create(context),
            GenerateCommand.Create(context),
            DemoCommand.Create(context),
            BenchCommand.Create(context),
        };
        context.Options.AddTo(root);
        return root;
    }

    private static int Explain(Exception failure, TextWriter error)
    {
        (int code, string message) = failure switch
        {
            BadInputException => (ExitCode.BadInput, failure.Message),
            StackException => (ExitCode.BadInput, failure.Message),
            FilterFormatException => (ExitCode.BadInput, failure.Message),
            PluginLoadException => (ExitCode.Failed, failure.Message),
            StorageException { Code: StorageErrorCode.InvalidConfiguration } => (ExitCode.BadInput, failure.Message),
            StorageException or IOException or UnauthorizedAccessException => (ExitCode.Failed, failure.Message),
            OperationCanceledException => (ExitCode.Failed, "interrupted"),
            _ => (ExitCode.Failed, $"{failure.GetType().Name}: {failure.Message}; this is a defect, please report it"),
        };
        foreach (string line in message.Split('\n'))
        {
            error.WriteLine($"mortise: {line.TrimEnd('\r')}");
        }

        if (Environment.GetEnvironmentVariable(DebugVariable) is "1")
        {
            error.WriteLine(failure);
        }

        return code;
    }
}
