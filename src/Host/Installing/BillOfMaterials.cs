using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mortise.Host.Loading;

namespace Mortise.Host.Installing;

/// <summary>Says what a plugin's package is made of, in CycloneDX 1.5: the libraries of its dependency file and every
/// file with its hash.</summary>
/// <remarks>Without a time or a serial number: the same plugin gives the same bytes.</remarks>
internal static class BillOfMaterials
{
    /// <summary>Its name in a package.</summary>
    public const string FileName = "bom.cdx.json";

    /// <summary>Writes it.</summary>
    /// <param name="manifest">The plugin.</param>
    /// <param name="folder">Its folder, checked before.</param>
    public static byte[] Of(PluginManifest manifest, string folder)
    {
        var components = new JsonArray();
        foreach ((string name, string version) in Libraries(manifest, folder))
        {
            components.Add(new JsonObject
            {
                ["type"] = "library",
                ["name"] = name,
                ["version"] = version,
                ["purl"] = $"pkg:nuget/{name}@{version}",
            });
        }

        foreach (string path in PluginFolder.Files(folder))
        {
            components.Add(new JsonObject
            {
                ["type"] = "file",
                ["name"] = Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'),
                ["hashes"] = new JsonArray(new JsonObject
                {
                    ["alg"] = "SHA-256",
                    ["content"] = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))),
                }),
            });
        }

        var bill = new JsonObject
        {
            ["bomFormat"] = "CycloneDX",
            ["specVersion"] = "1.5",
            ["version"] = 1,
            ["metadata"] = new JsonObject
            {
                ["component"] = new JsonObject
                {
                    ["type"] = "library",
                    ["name"] = manifest.Id,
                    ["version"] = manifest.Version.ToNormalizedString(),
                },
            },
            ["components"] = components,
        };
        return JsonSerializer.SerializeToUtf8Bytes(bill);
    }

    /// <summary>The libraries that the dependency file names, but the plugin itself, by name.</summary>
    private static IEnumerable<(string Name, string Version)> Libraries(PluginManifest manifest, string folder)
    {
        string itself = Path.GetFileNameWithoutExtension(manifest.Assembly);
        string path = Path.Combine(folder, itself + ".deps.json");
        if (!File.Exists(path))
        {
            return [];
        }

        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return !document.RootElement.TryGetProperty("libraries", out JsonElement libraries)
            ? []
            : [.. libraries.EnumerateObject()
                .Select(static library => library.Name.Split('/'))
                .Where(parts => parts.Length == 2 && parts[0] != itself)
                .Select(static parts => (parts[0], parts[1]))
                .Order()];
    }
}
