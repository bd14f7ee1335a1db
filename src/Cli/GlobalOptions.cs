using System.CommandLine;

namespace Mortise.Cli;

/// <summary>The options that every command has.</summary>
internal sealed class GlobalOptions
{
    private const string PluginsVariable = "MORTISE_PLUGINS";
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

    private readonly Option<string> _data = new("--data")
    {
        Description = "The store's directory.",
        HelpName = "DIR",
        Recursive = true,
        DefaultValueFactory = static _ => DefaultData,
    };

    private readonly Option<string> _plugins = new("--plugins")
    {
        Description = $"Where plugins are. Without it: {PluginsVariable}, plugins/ beside the tool, or the tree it is in.",
        HelpName = "DIR",
        Recursive = true,
    };

    private readonly Option<bool> _json = new("--json")
    {
        Description = "Prints what a program can read.",
        Recursive = true,
    };

    /// <summary>Adds the options to the root command.</summary>
    public void AddTo(RootCommand root)
    {
        foreach (Option option in (Option[])[_stack, _set, _data, _plugins, _json])
        {
            root.Add(option);
        }
    }

    /// <summary>The stack file that was named, or null.</summary>
    public string? Stack(ParseResult arguments) => arguments.GetValue(_stack);

    /// <summary>The overrides, in order.</summary>
    public string[] Overrides(ParseResult arguments) => arguments.GetValue(_set) ?? [];

    /// <summary>The store's directory.</summary>
    public string Data(ParseResult arguments) => arguments.GetValue(_data) ?? DefaultData;

    /// <summary>True when <c>--data</c> was given.</summary>
    public bool HasData(ParseResult arguments) => arguments.GetResult(_data) is { Implicit: false };

    /// <summary>True when the output is for a program.</summary>
    public bool Json(ParseResult arguments) => arguments.GetValue(_json);

    /// <summary>The directory of plugin folders.</summary>
    public string Plugins(ParseResult arguments)
    {
        string? named = arguments.GetValue(_plugins) ?? Environment.GetEnvironmentVariable(PluginsVariable);
        if (!string.IsNullOrEmpty(named))
        {
            return Path.GetFullPath(named);
        }

        // Installed, the plugins are beside the tool. In the tree, the tool is
        // artifacts/bin/Mortise.Cli/<configuration>.
        string beside = Path.Combine(AppContext.BaseDirectory, "plugins");
        string staged = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "plugins"));
        return !Directory.Exists(beside) && Directory.Exists(staged) ? staged : beside;
    }
}
