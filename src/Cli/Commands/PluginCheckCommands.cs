using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Mortise.Cli.Output;
using Mortise.Host.Composition;
using Mortise.Host.Loading;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise plugins verify</c> and <c>doctor</c>: whether plugins could be loaded, without and with running
/// their code.</summary>
internal static class PluginCheckCommands
{
    private const string ProbeName = "probe";

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    /// <summary>Checks files, permissions, trust and contracts. Runs no code of any plugin.</summary>
    public static Command Verify(CommandContext context)
    {
        var command = new Command(
            "verify", "Checks files, permissions, trust and contracts of what is installed; runs no code. Exit 1 on "
                + "any problem.");
        command.SetAction(arguments =>
        {
            MortiseHost host = StoreSession.CreateHost(context, arguments);
            PluginCatalog catalog = host.Discover();
            var verdicts = new List<(string Plugin, IReadOnlyList<string> Problems)>();
            foreach (InstalledPlugin plugin in catalog.Plugins)
            {
                verdicts.Add((plugin.ToString(), [.. host.Verify(plugin).Select(static p => p.ToString())]));
            }

            verdicts.AddRange(catalog.Problems.Select(
                static p => (p.At.Origin, (IReadOnlyList<string>)[p.ToString()])));
            return Print(context, arguments, verdicts);
        });
        return command;
    }

    /// <summary>Loads each plugin in a process of its own, so that one that kills its process kills only
    /// that.</summary>
    public static Command Doctor(CommandContext context)
    {
        var command = new Command("doctor", "Loads each plugin in a process of its own. Exit 1 on any problem.");
        command.SetAction(async (arguments, cancellation) =>
        {
            PluginCatalog catalog = StoreSession.CreateHost(context, arguments).Discover();
            var verdicts = new List<(string Plugin, IReadOnlyList<string> Problems)>();
            foreach (InstalledPlugin plugin in catalog.Plugins)
            {
                verdicts.Add((plugin.ToString(), await ProbeAsync(plugin, cancellation).ConfigureAwait(false)));
            }

            return Print(context, arguments, verdicts);
        });
        return command;
    }

    /// <summary>The child's part of <see cref="Doctor"/>.</summary>
    public static Command Probe(CommandContext context)
    {
        var folder = new Argument<string>("FOLDER");
        var command = new Command(ProbeName, "Loads one plugin and says how it went.") { folder };
        command.Hidden = true;
        command.SetAction(arguments =>
        {
            string wanted = Path.GetFullPath(arguments.GetRequiredValue(folder));
            MortiseHost host = StoreSession.CreateHost(context, arguments, remembersCrashes: false);
            host.Load(host.Discover().Plugins.Single(p => p.Folder == wanted));
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<IReadOnlyList<string>> ProbeAsync(InstalledPlugin plugin, CancellationToken cancellation)
    {
        string program = Environment.ProcessPath!;
        string tool = typeof(PluginCheckCommands).Assembly.Location;
        bool isShared = Path.GetFileNameWithoutExtension(program) is not "mortise" and not "Mortise.Cli";
        string root = Path.GetDirectoryName(Path.GetDirectoryName(plugin.Folder))!;
        string[] words = ["plugins", ProbeName, plugin.Folder, "--plugins", root];
        var start = new ProcessStartInfo(isShared ? "dotnet" : program, isShared ? [tool, .. words] : words)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using Process child = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(s_patience);
        Task<string> error = child.StandardError.ReadToEndAsync(CancellationToken.None);
        Task<string> output = child.StandardOutput.ReadToEndAsync(CancellationToken.None);
        try
        {
            await child.WaitForExitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            child.Kill(entireProcessTree: true);
            cancellation.ThrowIfCancellationRequested();
            return [$"{plugin} did not come back within {s_patience.TotalMinutes} minutes"];
        }

        await output.ConfigureAwait(false);
        string said = await error.ConfigureAwait(false);
        return child.ExitCode switch
        {
            ExitCode.Ok => [],
            ExitCode.Failed or ExitCode.BadInput => said.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            int code => [$"{plugin} killed its process (exit {code})", .. said.Split('\n').Take(5)],
        };
    }

    private static int Print(
        CommandContext context,
        ParseResult arguments,
        IReadOnlyList<(string Plugin, IReadOnlyList<string> Problems)> verdicts)
    {
        using var output = new OutputWriter(context.Console.Output);
        if (context.Options.Json(arguments))
        {
            using (var json = new Utf8JsonWriter(output))
            {
                json.WriteStartArray();
                foreach ((string plugin, IReadOnlyList<string> problems) in verdicts)
                {
                    json.WriteStartObject();
                    json.WriteString("plugin", plugin);
                    json.WriteStartArray("problems");
                    foreach (string problem in problems)
                    {
                        json.WriteStringValue(problem);
                    }

                    json.WriteEndArray();
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }

            output.EndLine();
        }
        else
        {
            foreach ((string plugin, IReadOnlyList<string> problems) in verdicts)
            {
                output.Line(problems.Count == 0 ? $"{plugin}: ok" : $"{plugin}:");
                foreach (string problem in problems)
                {
                    output.Line($"    {problem}");
                }
            }
        }

        return verdicts.All(static v => v.Problems.Count == 0) ? ExitCode.Ok : ExitCode.Failed;
    }
}
