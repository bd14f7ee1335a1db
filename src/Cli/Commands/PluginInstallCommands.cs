using System.CommandLine;
using System.Security.Cryptography;
using Mortise.Host.Installing;
using Mortise.Host.Loading;

namespace Mortise.Cli.Commands;

/// <summary><c>mortise plugins add</c>, <c>trust</c> and <c>remove</c>: what changes a folder of plugins.</summary>
internal static class PluginInstallCommands
{
    /// <summary>Installs packages or folders.</summary>
    public static Command Add(CommandContext context)
    {
        var sources = new Argument<string[]>("SOURCE")
        {
            Description = "A .nupkg, a .zip or a plugin's folder. May be several.",
            Arity = ArgumentArity.OneOrMore,
        };
        var replaces = new Option<bool>("--replace")
        {
            Description = "Puts it in the place of other files of the same id and version.",
        };
        var pins = new Option<bool>("--pin")
        {
            Description = "Trusts what was installed, as it is now. From then on only trusted plugins are loaded.",
        };
        var command = new Command("add", "Installs a plugin. None of its code runs.") { sources, replaces, pins };
        command.SetAction(arguments =>
        {
            var installer = new PluginInstaller(Root(context, arguments));
            foreach (string source in arguments.GetRequiredValue(sources))
            {
                InstalledPlugin plugin = installer.Add(source, arguments.GetValue(replaces));
                if (arguments.GetValue(pins))
                {
                    installer.Trust(plugin);
                }

                context.Console.Error.WriteLine($"{plugin}: installed in {plugin.Folder}");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Lets plugins start again that were starting when processes died.</summary>
    public static Command Release(CommandContext context)
    {
        Argument<string[]> names = Names();
        var command = new Command("release", "Lets plugins start again that were starting when processes "
            + "died.") { names };
        command.SetAction(arguments =>
        {
            var marks = new CrashMarks(CrashMarks.FolderIn(PrivateCopies.DefaultFolder()));
            foreach (InstalledPlugin plugin in Find(context, arguments, arguments.GetRequiredValue(names)))
            {
                marks.Release(plugin);
                context.Console.Error.WriteLine($"{plugin}: released");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Pins installed plugins by the hash of their files, or trusts who signs them.</summary>
    public static Command Trust(CommandContext context)
    {
        Argument<string[]> names = Names();
        names.Description += " With --publisher: the ids that are the publisher's, such as acme.trie or acme.*.";
        names.Arity = ArgumentArity.ZeroOrMore;
        var publisher = new Option<string>("--publisher")
        {
            Description = "Trusts whatever the holder of this key has signed under these ids: a public key in PEM.",
            HelpName = "KEY.pem",
        };
        var forget = new Option<string>("--forget-publisher")
        {
            Description = "Trusts the signatures of a key no more.",
            HelpName = "KEY-ID",
        };
        var command = new Command(
            "trust", "Trusts plugins as their files are now. From then on only trusted plugins are loaded.")
        {
            names, publisher, forget,
        };
        command.SetAction(arguments =>
        {
            var installer = new PluginInstaller(Root(context, arguments));
            TextWriter error = context.Console.Error;
            string[] plugins = arguments.GetValue(names) ?? [];
            if (arguments.GetValue(forget) is { } keyId)
            {
                if (!installer.Distrust(keyId))
                {
                    throw new BadInputException($"no publisher with the key {keyId} is trusted in "
                        + $"{installer.TrustPath}");
                }

                error.WriteLine($"{keyId}: trusted no more");
                return ExitCode.Ok;
            }

            if (plugins.Length == 0)
            {
                throw new BadInputException("say which plugins, or whose with --publisher");
            }

            if (arguments.GetValue(publisher) is { } file)
            {
                PublisherKey key = ReadKey(file);
                foreach (string ids in plugins)
                {
                    try
                    {
                        installer.Trust(ids, key);
                    }
                    catch (ArgumentException e)
                    {
                        throw new BadInputException(e.Message);
                    }

                    error.WriteLine($"{ids}: trusted when signed by {key.Id}");
                }

                return ExitCode.Ok;
            }

            foreach (InstalledPlugin plugin in Find(context, arguments, plugins))
            {
                installer.Trust(plugin);
                error.WriteLine($"{plugin}: trusted");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static PublisherKey ReadKey(string file)
    {
        try
        {
            return PublisherKey.ReadPem(File.ReadAllText(file));
        }
        catch (CryptographicException e)
        {
            throw new BadInputException($"{file}: {e.Message}");
        }
    }

    /// <summary>Removes installed plugins.</summary>
    public static Command Remove(CommandContext context)
    {
        Argument<string[]> names = Names();
        var command = new Command("remove", "Removes plugins. Stores that need one can still be inspected.") { names };
        command.SetAction(arguments =>
        {
            var installer = new PluginInstaller(Root(context, arguments));
            foreach (InstalledPlugin plugin in Find(context, arguments, arguments.GetRequiredValue(names)))
            {
                installer.Remove(plugin);
                context.Console.Error.WriteLine($"{plugin}: removed");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Finds installed plugins by <c>ID</c>, when there is one version, or <c>ID@VERSION</c>.</summary>
    internal static IReadOnlyList<InstalledPlugin> Find(
        CommandContext context, ParseResult arguments, IReadOnlyList<string> names)
    {
        PluginCatalog catalog = PluginCatalog.Scan(context.Options.Plugins(arguments).Where(Directory.Exists));
        var found = new List<InstalledPlugin>();
        foreach (string name in names)
        {
            string[] parts = name.Split('@', 2);
            InstalledPlugin[] named = [.. catalog.Plugins.Where(p => p.Manifest.Id == parts[0]
                && (parts.Length == 1 || p.Manifest.Version.ToNormalizedString() == parts[1]))];
            found.Add(named.Length switch
            {
                1 => named[0],
                0 => throw new BadInputException(
                    $"no plugin '{name}' is installed; 'mortise plugins list' shows those that are"),
                _ => throw new BadInputException(
                    $"'{name}' is installed as {string.Join(", ", named.Select(static p => p.Manifest.Version))}; "
                    + $"say which: {parts[0]}@{named[^1].Manifest.Version}"),
            });
        }

        return found;
    }

    private static Argument<string[]> Names() => new("PLUGIN")
    {
        Description = "ID, or ID@VERSION when several versions are installed. May be several.",
        Arity = ArgumentArity.OneOrMore,
    };

    private static string Root(CommandContext context, ParseResult arguments) => context.Options.Plugins(arguments)[0];
}
