using Mortise.Components;

namespace Mortise.Host.Loading;

/// <summary>What a loader demands of a plugin before it runs any of its code.</summary>
public sealed class PluginLoaderOptions
{
    /// <summary>What happens to a plugin that is not on <see cref="Trust"/>.</summary>
    public TrustMode TrustMode { get; init; } = TrustMode.Off;

    /// <summary>The plugins that are trusted.</summary>
    public TrustList Trust { get; init; } = TrustList.Empty;

    /// <summary>Told of a plugin that is loaded although it is not trusted.</summary>
    public required IComponentLog Log { get; init; }
}
