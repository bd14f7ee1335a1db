using System.Reflection;
using Mortise.Components;
using Mortise.Host.Installing;

namespace Mortise.Host.Loading;

/// <summary>What a loader demands of a plugin before it runs any of its code.</summary>
public sealed class PluginLoaderOptions
{
    /// <summary>Which plugins are trusted, until <see cref="PluginLoader.Trust"/> says otherwise.</summary>
    public TrustRules Trust { get; init; } = new(TrustMode.Off, TrustList.Empty);

    /// <summary>Where code is copied to before it is checked and loaded; null to load from where it is
    /// installed.</summary>
    public PrivateCopies? Copies { get; init; }

    /// <summary>What plugins may use beyond what the host hands them.</summary>
    public PluginPowers Allowed { get; init; } = PluginPowers.All;

    /// <summary>Plugins that were running when the process died, as <c>ID VERSION</c>; they are not loaded.</summary>
    public IReadOnlyCollection<string> Quarantined { get; init; } = [];

    /// <summary>Remembers which plugins were starting when a process died; null to remember nothing.</summary>
    public CrashMarks? CrashMarks { get; init; }

    /// <summary>Gives the host's assembly of a name, which plugins share; null for the default.</summary>
    internal Func<AssemblyName, Assembly>? Share { get; init; }

    /// <summary>How long a plugin's constructor and its registration may take, each.</summary>
    public TimeSpan StepTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The clock of <see cref="StepTimeout"/>.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Told of a plugin that is loaded although it is not trusted.</summary>
    public required IComponentLog Log { get; init; }
}
