using System.CommandLine;
using System.Text.Json;
using Mortise.Cli.Output;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise plugins list</c>: what is installed, read from manifests without loading any code.</summary>
internal static class PluginsCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var list = new Command("list", "Shows the plugins that are installed and what each has.");
        list.SetAction(arguments => Run(context, arguments));
        return new Command("plugins", "About plugins.") { list };
    }

    private static int Run(CommandContext context, ParseResult arguments)
    {
        StackFile? stack = context.Options.Stack(arguments) is { } path ? StackFile.Read(path) : null;
        PluginCatalog catalog = StoreSession.CreateHost(context, arguments).Discover(stack);
        using var output = new OutputWriter(context.Console.Output);
        if (context.Options.Json(arguments))
        {
            WriteJson(catalog, output);
        }
        else
        {
            foreach (InstalledPlugin plugin in catalog.Plugins)
            {
                WritePlugin(plugin, output);
            }
        }

        foreach (Problem problem in catalog.Problems)
        {
            context.Console.Error.WriteLine($"mortise: {problem}");
        }

        return catalog.Problems.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    private static void WritePlugin(InstalledPlugin plugin, OutputWriter output)
    {
        PluginManifest manifest = plugin.Manifest;
        output.Line($"{manifest.Id} {manifest.Version}  contract {manifest.Contract}  {plugin.Folder}");
        output.Line($"    {manifest.Summary}");
        foreach (ComponentDeclaration component in manifest.Components)
        {
            string format = component.Format.Length == 0
                ? ""
                : $", format {component.Format} {component.FormatVersion}";
            output.Line($"    {component.Id} ({Words.OneWord(component.Kind.ToString())}{format})");
        }
    }

    private static void WriteJson(PluginCatalog catalog, OutputWriter output)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartArray();
            foreach (InstalledPlugin plugin in catalog.Plugins)
            {
                json.WriteStartObject();
                json.WriteString("id", plugin.Manifest.Id);
                json.WriteString("version", plugin.Manifest.Version.ToString());
                json.WriteString("contract", plugin.Manifest.Contract.ToString());
                json.WriteString("summary", plugin.Manifest.Summary);
                json.WriteString("folder", plugin.Folder);
                json.WriteStartArray("components");
                foreach (ComponentDeclaration component in plugin.Manifest.Components)
                {
                    json.WriteStartObject();
                    json.WriteString("id", component.Id);
                    json.WriteString("kind", Words.OneWord(component.Kind.ToString()));
                    json.WriteString("format", component.Format);
                    json.WriteNumber("formatVersion", component.FormatVersion);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        output.EndLine();
    }
}
