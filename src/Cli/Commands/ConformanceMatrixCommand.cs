using System.CommandLine;
using System.Text;
using Mortise.Cli.Output;
using Mortise.Conformance.Reports;
using Mortise.Conformance.Running;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise conformance matrix</c>: one page, all installed plugins by all laws.</summary>
internal static class ConformanceMatrixCommand
{
    private const string FileName = "matrix.html";

    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var settings = new RunOptions();
        var matrix = new Command("matrix", "Checks all installed plugins and writes one page: plugins by laws.");
        settings.AddTo(matrix);
        matrix.SetAction((arguments, cancellation) => RunAsync(context, arguments, settings, cancellation));
        return matrix;
    }

    private static async Task<int> RunAsync(
        CommandContext context, ParseResult arguments, RunOptions settings, CancellationToken cancellation)
    {
        PluginCatalog catalog = PluginCatalog.Scan(context.Options.Plugins(arguments));
        foreach (Problem problem in catalog.Problems)
        {
            context.Console.Error.WriteLine($"mortise: {problem}");
        }

        using var output = new OutputWriter(context.Console.Output);
        var reports = new List<ConformanceReport>();
        foreach (InstalledPlugin plugin in catalog.Plugins)
        {
            ConformanceReport report = await ConformanceRun.ExecuteAsync(
                new ConformanceRequest
                {
                    Folder = plugin.Folder,
                    Settings = context.Options.Overrides(arguments),
                    Tier = settings.Tier(arguments),
                    Seed = settings.Seed(arguments),
                    Jobs = settings.Jobs(arguments),
                    Worker = ConformanceCommand.Worker(),
                    Command = "mortise conformance matrix",
                },
                cancellation: cancellation).ConfigureAwait(false);
            if (report.Subjects.Count == 0)
            {
                output.Line($"{report.Plugin.Id} {report.Plugin.Version}: no component whose contract has laws");
            }
            else
            {
                ConformanceText.Write(report, output);
                reports.Add(report);
            }

            output.Flush();
        }

        string directory = settings.Out(arguments) ?? ".";
        Directory.CreateDirectory(directory);
        string path = Path.Combine(directory, FileName);
        await File.WriteAllTextAsync(path, HtmlMatrix.Text(reports), new UTF8Encoding(false), cancellation)
            .ConfigureAwait(false);
        context.Console.Error.WriteLine($"mortise: wrote {path}");
        return catalog.Problems.Count == 0 && reports.TrueForAll(static report => report.Conforms)
            ? ExitCode.Ok
            : ExitCode.Failed;
    }
}
