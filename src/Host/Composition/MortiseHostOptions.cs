using Mortise.Components;
using Mortise.Host.Installing;
using Mortise.Host.Loading;
using Mortise.Host.Running;

namespace Mortise.Host.Composition;

/// <summary>What a program says once, whatever stores it opens.</summary>
public sealed class MortiseHostOptions
{
    /// <summary>Folders to look for plugins in, each of the shape <c>NAME/VERSION/plugin.json</c>.</summary>
    public IList<string> PluginFolders { get; } = [];

    /// <summary>Plugins that the program refers to itself.</summary>
    public IList<StaticPlugin> StaticPlugins { get; } = [];

    /// <summary>Sections of a stack that others than the host understand, with the class of their options; null for one
    /// that is bound later.</summary>
    public IDictionary<string, Type?> Sections { get; } = new Dictionary<string, Type?>(StringComparer.Ordinal)
    {
        ["nostr"] = null,
        ["relay"] = null,
    };

    /// <summary>What happens to a plugin from a folder that is not on <see cref="Trust"/>.</summary>
    public TrustMode TrustMode { get; set; } = TrustMode.Off;

    /// <summary>The plugins that are trusted by the hash of their files.</summary>
    public TrustList Trust { get; set; } = TrustList.Empty;

    /// <summary>Reads mode and list anew, at the start and before plugins are exchanged under an open store; null to
    /// keep <see cref="TrustMode"/> and <see cref="Trust"/>.</summary>
    public Func<TrustRules>? ReadTrust { get; set; }

    /// <summary>The folder of private copies that plugins are loaded from
    /// (<see cref="PrivateCopies.DefaultFolder"/> is the usual one); null to load them from where they are
    /// installed.</summary>
    public string? PluginCopies { get; set; }

    /// <summary>What plugins may use beyond what the host hands them.</summary>
    public PluginPowers Allowed { get; set; } = PluginPowers.All;

    /// <summary>Plugins that must not run, as <c>ID VERSION</c>.</summary>
    public IReadOnlyCollection<string> Quarantined { get; set; } = [];

    /// <summary>How long a plugin's constructor and its registration may take, each.</summary>
    public TimeSpan StepTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a component may take to open, its own recovery included.</summary>
    public TimeSpan OpenTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a component may take to close.</summary>
    public TimeSpan CloseTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Remembers which plugins were starting when a process died, and refuses one that was it twice; null to
    /// remember nothing.</summary>
    public CrashMarks? CrashMarks { get; set; }

    /// <summary>The program's services; set by <c>AddMortise</c>.</summary>
    public IServiceProvider? Services { get; set; }

    /// <summary>The services of the program that plugins may have, by their registered type.</summary>
    public IList<Type> PluginServices { get; } = [];

    /// <summary>The projections that the domain offers; null when that is not known, and nothing is checked.</summary>
    public IReadOnlyCollection<string>? Projections { get; set; }

    /// <summary>Clock and timers.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>The log of an instance, by instance name.</summary>
    public Func<string, IComponentLog> Logs { get; set; } = static _ => NullLog.Instance;

    /// <summary>Where background work runs; null for threads of its own.</summary>
    public IBackground? Background { get; set; }

    /// <summary>Seed of all randomness in components; null for one of the operating system's.</summary>
    public ulong? Seed { get; set; }
}
