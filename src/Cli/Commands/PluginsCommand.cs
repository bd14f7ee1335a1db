using System.CommandLine;
using System.Text.Json;
using Mortise.Cli.Output;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Installing;
using Mortise.Host.Loading;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise plugins</c>: what is installed and why it is or is not used. <c>list</c> and <c>verify</c> run
/// no code of any plugin.</summary>
internal static class PluginsCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CommandContext context)
    {
        var list = new Command("list", "Shows the plugins that are installed and what each has.");
        list.SetAction(arguments => Run(context, arguments));
        var component = new Argument<string>("COMPONENT") { Description = "A component's id, as a stack names it." };
        var assembly = new Option<string>("--assembly")
        {
            Description = "Shows only how this assembly was found.",
            HelpName = "NAME",
        };
        var why = new Command("why", "Says step by step how a component is found and loaded, or why not.")
        {
            component, assembly,
        };
        why.SetAction(arguments => Why(
            context, arguments, arguments.GetRequiredValue(component), arguments.GetValue(assembly)));
        var schema = new Command("schema", "Writes a JSON Schema of the stacks that these plugins allow, for editors.");
        schema.SetAction(arguments => Schema(context, arguments));
        return new Command("plugins", "About plugins.")
        {
            list,
            PluginInstallCommands.Add(context),
            PluginInstallCommands.Trust(context),
            PluginInstallCommands.Release(context),
            PluginInstallCommands.Remove(context),
            PluginBuildCommands.Describe(context),
            PluginBuildCommands.Sign(context),
            PluginBuildCommands.Pack(context),
            PluginCheckCommands.Verify(context),
            PluginCheckCommands.Doctor(context),
            PluginCheckCommands.Probe(context),
            why,
            schema,
        };
    }

    private static int Why(CommandContext context, ParseResult arguments, string component, string? assembly)
    {
        StackFile? stack = context.Options.Stack(arguments) is { } path ? StackFile.Read(path) : null;
        MortiseHost host = StoreSession.CreateHost(context, arguments);
        InstalledPlugin[] owners = [.. host.Discover(stack).WithComponent(component)];
        foreach (InstalledPlugin plugin in owners)
        {
            try
            {
                host.Load(plugin);
            }
            catch (PluginLoadException)
            {
                // The explanation says why, step by step.
            }
        }

        IEnumerable<string> lines = host.Explain(component, stack);
        if (assembly is not null)
        {
            lines = lines.Where(l => l.StartsWith($"  assembly   {assembly} ", StringComparison.OrdinalIgnoreCase));
        }

        using var output = new OutputWriter(context.Console.Output);
        WriteLines(output, [.. lines], context.Options.Json(arguments));
        return host.Loaded.Any(p => p.Components.Any(c => owners.Any(
            o => o.Folder == p.Origin.Folder && o.Manifest.Components.Any(d => d.IsCalled(component)))))
            ? ExitCode.Ok
            : ExitCode.Failed;
    }

    private static void WriteLines(OutputWriter output, IReadOnlyList<string> lines, bool asJson)
    {
        if (!asJson)
        {
            foreach (string line in lines)
            {
                output.Line(line);
            }

            return;
        }

        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartArray();
            foreach (string line in lines)
            {
                json.WriteStringValue(line);
            }

            json.WriteEndArray();
        }

        output.EndLine();
    }

    private static int Schema(CommandContext context, ParseResult arguments)
    {
        StackFile? stack = context.Options.Stack(arguments) is { } path ? StackFile.Read(path) : null;
        var problems = new List<Problem>();
        using var output = new OutputWriter(context.Console.Output);
        output.Write(StoreSession.CreateHost(context, arguments).WriteSchema(stack, problems));
        foreach (Problem problem in problems)
        {
            context.Console.Error.WriteLine($"mortise: left out: {problem}");
        }

        return problems.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    private static int Run(CommandContext context, ParseResult arguments)
    {
        StackFile? stack = context.Options.Stack(arguments) is { } path ? StackFile.Read(path) : null;
        PluginCatalog catalog = StoreSession.CreateHost(context, arguments).Discover(stack);
        var marks = new CrashMarks(CrashMarks.FolderIn(PrivateCopies.DefaultFolder()));
        foreach (string line in marks.Settle())
        {
            context.Console.Error.WriteLine($"mortise: {line}");
        }

        using var output = new OutputWriter(context.Console.Output);
        if (context.Options.Json(arguments))
        {
            WriteJson(catalog, marks, output);
        }
        else
        {
            foreach (InstalledPlugin plugin in catalog.Plugins)
            {
                WritePlugin(plugin, marks, output);
            }
        }

        foreach (Problem problem in catalog.Problems)
        {
            context.Console.Error.WriteLine($"mortise: {problem}");
        }

        return catalog.Problems.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    private static void WritePlugin(InstalledPlugin plugin, CrashMarks marks, OutputWriter output)
    {
        PluginManifest manifest = plugin.Manifest;
        output.Line($"{manifest.Id} {manifest.Version}  contract {manifest.Contract}  {plugin.Folder}");
        output.Line($"    {manifest.Summary}");
        if (marks.Objection(plugin) is { } objection)
        {
            output.Line($"    not started any more: it {objection}; 'mortise plugins release {manifest.Id}' lets it");
        }

        foreach (ComponentDeclaration component in manifest.Components)
        {
            string format = component.Format.Length == 0
                ? ""
                : $", format {component.Format} {component.FormatVersion}";
            output.Line($"    {component.Id} ({Words.OneWord(component.Kind.ToString())}{format})");
        }
    }

    private static void WriteJson(PluginCatalog catalog, CrashMarks marks, OutputWriter output)
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
                json.WriteString("status", Words.OneWord(plugin.Manifest.Status.ToString()));
                json.WriteString("quarantined", marks.Objection(plugin));
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
