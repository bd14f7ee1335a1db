namespace Mortise.Host.Loading;

/// <summary>A plugin that was found in a folder and not loaded.</summary>
public sealed class InstalledPlugin
{
    internal InstalledPlugin(PluginManifest manifest, string folder)
    {
        Manifest = manifest;
        Folder = folder;
    }

    /// <summary>What it says of itself.</summary>
    public PluginManifest Manifest { get; }

    /// <summary>The folder that holds it, as a full path.</summary>
    public string Folder { get; }

    /// <summary>The full path of the assembly with the entry point.</summary>
    public string AssemblyPath => Path.Combine(Folder, Manifest.Assembly);

    /// <summary>Id and version, for messages.</summary>
    public override string ToString() => $"{Manifest.Id} {Manifest.Version}";
}
