using System.Reflection;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;
using NuGet.Versioning;

namespace Mortise.Host.Installing;

/// <summary>Writes the <c>plugin.json</c> of a plugin that was built: says of it what its code says, so that the two
/// cannot disagree.</summary>
/// <remarks>Runs the plugin's registration. For build machines; the same plugin gives the same bytes.</remarks>
public sealed class ManifestWriter
{
    private static readonly JsonSerializerOptions s_indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The plugin's id.</summary>
    public required string Id { get; init; }

    /// <summary>The plugin's version.</summary>
    public required string Version { get; init; }

    /// <summary>The versions of the contract that it works with; null for those from this host's on.</summary>
    public string? Contract { get; init; }

    /// <summary>One line for a person.</summary>
    public string Summary { get; init; } = "";

    /// <summary>How far its author vouches for it.</summary>
    public PluginStatus Status { get; init; } = PluginStatus.Unstated;

    /// <summary>Writes the manifest beside the assembly, over one that is there.</summary>
    /// <param name="assemblyPath">The plugin's assembly in the folder with all its files.</param>
    /// <exception cref="PluginLoadException">It is no plugin, or the manifest would be wrong.</exception>
    public string Write(string assemblyPath)
    {
        string full = Path.GetFullPath(assemblyPath);
        string folder = Path.GetDirectoryName(full)!;
        string path = Path.Combine(folder, PluginManifest.FileName);
        IReadOnlyList<PluginComponent> components = Register(full);
        var posture = new JsonArray();
        foreach (PluginPowers power in PluginPowersScan.Of(folder).Keys.Order())
        {
            posture.Add(OptionText.Kebab(power.ToString()));
        }

        var manifest = new JsonObject
        {
            ["id"] = Id,
            ["version"] = Version,
            ["assembly"] = Path.GetFileName(full),
            ["contract"] = Contract ?? $"^{ContractVersion.Current.Major}.{ContractVersion.Current.Minor}",
            ["summary"] = Summary,
            ["status"] = OptionText.Kebab(Status.ToString()),
            ["posture"] = posture,
            ["components"] = new JsonArray([.. components.Select(static c => Describe(c))]),
            ["files"] = FilesOf(folder),
        };
        string text = manifest.ToJsonString(s_indented) + "\n";
        var problems = new List<Problem>();
        PluginManifest.Parse(path, System.Text.Encoding.UTF8.GetBytes(text), problems);
        if (problems.Count > 0)
        {
            throw new PluginLoadException(problems);
        }

        File.WriteAllText(path, text);
        return path;
    }

    private static JsonObject Describe(PluginComponent component)
    {
        var json = new JsonObject
        {
            ["id"] = component.Descriptor.Id,
            ["kind"] = OptionText.Kebab(component.Kind.ToString()),
        };
        if (component.Descriptor.FormatName.Length > 0)
        {
            json["format"] = component.Descriptor.FormatName;
            json["formatVersion"] = component.Descriptor.FormatVersion;
            json["oldestReadable"] = component.Descriptor.OldestReadableFormatVersion;
        }

        foreach ((string key, IReadOnlyList<string> names) in ((string, IReadOnlyList<string>)[])
        [
            ("offers", component.Descriptor.Offers),
            ("requires", component.Descriptor.Requires),
            ("prefers", component.Descriptor.Prefers),
            ("conflicts", component.Descriptor.Conflicts),
        ])
        {
            if (names.Count > 0)
            {
                json[key] = new JsonArray([.. names.Select(static n => JsonValue.Create(n))]);
            }
        }

        json["summary"] = component.Descriptor.Summary;
        return json;
    }

    private static JsonArray FilesOf(string folder)
    {
        var files = new JsonArray();
        foreach (string file in PluginFolder.Files(folder))
        {
            string name = Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/');
            if (name is not (PluginManifest.FileName or PluginSignature.FileName))
            {
                files.Add(new JsonObject
                {
                    ["name"] = name,
                    ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file))),
                });
            }
        }

        return files;
    }

    private IReadOnlyList<PluginComponent> Register(string assemblyPath)
    {
        var at = new SourcePosition(assemblyPath);
        Problem Fail(ProblemCode code, string fact) => new(code, at, $"{Id} {Version} {fact}");
        if (!NuGetVersion.TryParseStrict(Version, out NuGetVersion? version))
        {
            throw new PluginLoadException([Fail(ProblemCode.BadVersion, "has no semantic version such as 1.2.0")]);
        }

        Assembly assembly = new PluginLoadContext($"{Id} {Version}", assemblyPath, isCollectible: false)
            .LoadFromAssemblyPath(assemblyPath);
        var registrar = new ComponentRegistrar(
            new PluginOrigin
            {
                Id = Id,
                Version = version,
                Folder = Path.GetDirectoryName(assemblyPath)!,
                LoadedFrom = Path.GetDirectoryName(assemblyPath)!,
                Sha256 = "",
                Bytes = 0,
            },
            assembly);
        PluginEntry.Create(assembly, Fail).Register(registrar);
        return registrar.Close();
    }
}
