namespace Mortise.Components;

/// <summary>Which plugin, version and format wrote a part of a store. Recorded in the store's manifest.</summary>
public sealed class ComponentIdentity
{
    /// <summary>The plugin's id, for example <c>mortise.wal</c>.</summary>
    public required string PluginId { get; init; }

    /// <summary>The plugin's semantic version, for example <c>1.2.0</c>.</summary>
    public required string PluginVersion { get; init; }

    /// <summary>The component's id within the stack's namespace, for example <c>mortise.btree</c>.</summary>
    public required string ComponentId { get; init; }

    /// <summary>The name of the file format, for example <c>mortise-wal</c>; empty for a component without
    /// files.</summary>
    public required string FormatName { get; init; }

    /// <summary>The version that is written now.</summary>
    public required int FormatVersion { get; init; }

    /// <summary>The oldest version that is still read.</summary>
    public required int OldestReadableFormatVersion { get; init; }
}
