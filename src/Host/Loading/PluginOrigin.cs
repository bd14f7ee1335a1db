using NuGet.Versioning;

namespace Mortise.Host.Loading;

/// <summary>A plugin whose code is in the process: who it is and where it came from.</summary>
public sealed class PluginOrigin
{
    /// <summary>The plugin's id.</summary>
    public required string Id { get; init; }

    /// <summary>The plugin's version.</summary>
    public required NuGetVersion Version { get; init; }

    /// <summary>The full path of its folder, or <c>(in process)</c> when it was registered from code.</summary>
    public required string Folder { get; init; }

    /// <summary>The full path of the folder that its code was loaded from: a private copy, or
    /// <see cref="Folder"/>.</summary>
    public required string LoadedFrom { get; init; }

    /// <summary>SHA-256 over the names and contents of all files in the folder, as lower-case hexadecimal; empty when
    /// it was registered from code.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Size of all files in the folder, in bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>Id and version, for messages.</summary>
    public override string ToString() => $"{Id} {Version}";
}
