using System.CommandLine;
using Mortise.Cli.Output;
using Mortise.Conformance;
using Mortise.Conformance.Running;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise conformance golden</c>: what later versions of a plugin are to be checked with.</summary>
internal static class ConformanceGoldenCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var folder = new Argument<string>("PLUGIN_DIR") { Description = "The plugin's folder." };
        var directory = new Option<string>("--out")
        {
            Description = "Where the files go. Keep them with the plugin's sources, and in the plugin's folder.",
            HelpName = "DIR",
            DefaultValueFactory = static _ => GoldenFolder.Name,
        };
        var golden = new Command(
            "golden",
            "Makes a store of each format that a plugin writes now, and the partitions that its schemes give now, for "
            + "the laws that later versions must keep. Files that are there already are left as they are.")
        {
            folder, directory,
        };
        golden.SetAction(arguments =>
        {
            PluginUnderTest plugin = PluginUnderTest.Load(
                arguments.GetValue(folder)!, context.Options.Overrides(arguments));
            using var output = new OutputWriter(context.Console.Output);
            foreach (string path in GoldenFolder.Make(plugin.Catalog, arguments.GetValue(directory)!))
            {
                output.Line(path);
            }

            return ExitCode.Ok;
        });
        return golden;
    }
}
