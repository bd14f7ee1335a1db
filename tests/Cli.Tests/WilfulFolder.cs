using System.Text.Json.Nodes;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;

namespace Mortise.Cli.Tests;

/// <summary>A folder of plugins in which versions of one plugin come and go, each with a behaviour.</summary>
internal sealed class WilfulFolder(string root)
{
    private const string Name = "mortise.wilful";

    public string Root { get; } = Directory.CreateDirectory(root).FullName;

    /// <summary>Puts a version there by one rename, as an installer does.</summary>
    public string Install(string version, string behaviour = "")
    {
        string made = Make(version, behaviour);
        string place = PlaceOf(version);
        Directory.CreateDirectory(Path.GetDirectoryName(place)!);
        if (Directory.Exists(place))
        {
            string old = Path.Combine(Root, ".old-" + Guid.NewGuid().ToString("n"));
            Directory.Move(place, old);
            Directory.Move(made, place);
            Directory.Delete(old, recursive: true);
        }
        else
        {
            Directory.Move(made, place);
        }

        return place;
    }

    public string PlaceOf(string version) => Path.Combine(Root, Name, version);

    /// <summary>A host that looks for plugins here and among the bundled ones.</summary>
    public MortiseHost CreateHost(Action<MortiseHostOptions>? configure = null)
    {
        var options = new MortiseHostOptions { PluginCopies = Path.Combine(Path.GetDirectoryName(Root)!, "copies") };
        options.Sections["nostr"] = typeof(EventSection);
        options.PluginFolders.Add(Surroundings.Plugins);
        options.PluginFolders.Add(Root);
        configure?.Invoke(options);
        return new MortiseHost(options);
    }

    /// <summary>The default stack with one family in the wilful plugin.</summary>
    public static StackFile Stack(string family, params string[] settings) => StackFile.Parse(
        "stack.yaml",
        DefaultStack.Text,
        [$"indexes.{family}.plugin={Name}.index", $"indexes.{family}.version=>=1.0 <9", .. settings]);

    private string Make(string version, string behaviour)
    {
        string staging = Directory.CreateDirectory(
            Path.Combine(Root, ".new-" + Guid.NewGuid().ToString("n"))).FullName;
        string fixture = Path.Combine(Surroundings.Root, "artifacts", "test-plugins", "Wilful", "1.0.0");
        foreach (string file in Directory.GetFiles(fixture))
        {
            File.Copy(file, Path.Combine(staging, Path.GetFileName(file)));
        }

        string manifest = Path.Combine(staging, PluginManifest.FileName);
        JsonNode json = JsonNode.Parse(File.ReadAllText(manifest))!;
        json["version"] = version;
        File.WriteAllText(manifest, json.ToJsonString());
        if (behaviour.Length > 0)
        {
            File.WriteAllText(Path.Combine(staging, "behaviour.txt"), behaviour);
        }

        return staging;
    }
}
