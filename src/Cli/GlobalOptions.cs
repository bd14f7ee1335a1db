using System.CommandLine;
using Mortise.Host.Loading;

namespace Mortise.Cli;

/// <summary>The options that every command has.</summary>
internal sealed class GlobalOptions
{
    private const string DefaultData = "mortise-data";

    private readonly Option<string> _stack = new("--stack")
    {
        Description = "The stack file. Without it: stack.yaml in the data directory, or the built-in default stack.",
        HelpName = "FILE",
        Recursive = true,
    };

    private readonly Option<string[]> _set = new("--set")
    {
        Description = "Overrides one value of the stack, for example wal.syncMode=always. May be repeated.",
        HelpName = "KEY=VALUE",
        Recursive = true,
        DefaultValueFactory = static _ => [],
    };

    private readonly Option<string> _profile = new("--profile")
    {
        Description = "One of the stack's profiles.",
        HelpName = "NAME",
        Recursive = true,
    };

    private readonly Option<string> _data = new("--data")
    {
        Description = "The store's directory.",
        HelpName = "DIR",
        Recursive = true,
        DefaultValueFactory = static _ => DefaultData,
    };

    private readonly Option<string> _plugins = new("--plugins")
    {
        Description =
            $"Where plugins are. Without it: {PluginFolders.Variable}, plugins/ beside the tool, or its tree.",
        HelpName = "DIR",
        Recursive = true,
    };

    private readonly Option<string> _trust = new Option<string>("--trust")
    {
        Description = "What happens to plugins that are not in trust.txt beside them: off, warn or enforce. "
            + "Without it: enforce where there is such a list.",
        HelpName = "MODE",
        Recursive = true,
    }.AcceptOnlyFromAmong("off", "warn", "enforce");

    private readonly Option<bool> _json = new("--json")
    {
        Description = "Prints what a program can read.",
        Recursive = true,
    };

    /// <summary>Adds the options to the root command.</summary>
    public void AddTo(RootCommand root)
    {
        foreach (Option option in (Option[])[_stack, _set, _profile, _data, _plugins, _trust, _json])
        {
            root.Add(option);
        }
    }

    /// <summary>The stack file that was named, or null.</summary>
    public string? Stack(ParseResult arguments) => arguments.GetValue(_stack);

    /// <summary>The overrides, in order.</summary>
    public string[] Overrides(ParseResult arguments) => arguments.GetValue(_set) ?? [];

    /// <summary>The profile that was named, or null.</summary>
    public string? Profile(ParseResult arguments) => arguments.GetValue(_profile);

    /// <summary>The store's directory.</summary>
    public string Data(ParseResult arguments) => arguments.GetValue(_data) ?? DefaultData;

    /// <summary>True when <c>--data</c> was given.</summary>
    public bool HasData(ParseResult arguments) => arguments.GetResult(_data) is { Implicit: false };

    /// <summary>True when the output is for a program.</summary>
    public bool Json(ParseResult arguments) => arguments.GetValue(_json);

    /// <summary>What happens to plugins that are not trusted; null when the command line does not say.</summary>
    public TrustMode? Trust(ParseResult arguments) => arguments.GetValue(_trust) switch
    {
        "off" => TrustMode.Off,
        "warn" => TrustMode.Warn,
        "enforce" => TrustMode.Enforce,
        _ => null,
    };

    /// <summary>The directories of plugin folders.</summary>
    public IReadOnlyList<string> Plugins(ParseResult arguments)
    {
        if (arguments.GetValue(_plugins) is { Length: > 0 } named)
        {
            return [Path.GetFullPath(named)];
        }

        // When there is none at all, the place beside the tool is the one that messages should name.
        IReadOnlyList<string> found = PluginFolders.Find(AppContext.BaseDirectory);
        return found.Count > 0 ? found : [Path.Combine(AppContext.BaseDirectory, "plugins")];
    }
}
