using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;

namespace Mortise.Host.Installing;

/// <summary>What publishers say of a plugin: each signs its manifest, which has the hash of every other file.</summary>
/// <remarks>
/// The file <see cref="FileName"/> beside the manifest has a line for each: <c>mortise-plugin-1 KEY SIGNATURE</c>, with
/// the key's id and the signature in base64. Signed are the bytes <c>mortise-plugin-1</c>, a line feed and the
/// manifest. The signatures themselves are no part of what is signed or hashed in the manifest, so several can be
/// added.
/// </remarks>
public static class PluginSignature
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "plugin.sig";

    private const string Scheme = "mortise-plugin-1";
    private const int MaxBytes = 64 << 10;

    /// <summary>Signs a plugin's folder, in the place of an earlier signature by the same key.</summary>
    /// <param name="folder">The folder, manifest included.</param>
    /// <param name="privatePem">The private key, in PEM.</param>
    /// <returns>The key that others have to trust.</returns>
    /// <exception cref="PluginLoadException">It is no plugin that this host could load, or its manifest does not list
    /// its files; nothing is written.</exception>
    /// <exception cref="CryptographicException">It is no private key of a kind that is taken.</exception>
    public static PublisherKey Sign(string folder, string privatePem)
    {
        InstalledPlugin plugin = PluginCatalog.ReadFolder(folder);
        var problems = new List<Problem>();
        if (plugin.Manifest.Files.Count == 0)
        {
            problems.Add(new Problem(
                ProblemCode.NotTrusted, plugin.Manifest.At, $"{plugin} does not list its files; 'plugins describe' "
                    + "does"));
        }

        PluginInspection.Check(plugin, problems);
        if (problems.Count > 0)
        {
            throw new PluginLoadException(Problem.Sorted(problems));
        }

        var key = PublisherKey.ReadPem(privatePem);
        byte[] signature = PublisherKey.Sign(privatePem, Signed(plugin));
        string path = Path.Combine(plugin.Folder, FileName);
        IEnumerable<string> others = File.Exists(path)
            ? File.ReadLines(path).Where(line => !line.StartsWith($"{Scheme} {key.Id} ", StringComparison.Ordinal))
            : [];
        string text = string.Concat(
            others.Append($"{Scheme} {key.Id} {Convert.ToBase64String(signature)}").Select(static l => l + "\n"));
        File.WriteAllText(path, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        return key;
    }

    /// <summary>Why a plugin is not proven to be what a publisher signed; null when it is. That its files are the ones
    /// that the manifest lists is checked with everything else, of every plugin.</summary>
    /// <param name="plugin">The plugin, in the folder that will be loaded.</param>
    /// <param name="keys">The publishers that may sign it.</param>
    internal static string? Objection(InstalledPlugin plugin, IReadOnlyCollection<PublisherKey> keys)
    {
        string path = Path.Combine(plugin.Folder, FileName);
        if (!File.Exists(path))
        {
            return "is not signed";
        }

        if (new FileInfo(path).Length > MaxBytes)
        {
            return string.Create(CultureInfo.InvariantCulture, $"has a {FileName} of more than {MaxBytes} bytes");
        }

        if (plugin.Manifest.Files.Count == 0)
        {
            return "is signed, but its manifest does not list its files, so that the signature says nothing of them";
        }

        byte[] signed = Signed(plugin);
        bool hasTrusted = false;
        foreach (string line in File.ReadAllLines(path))
        {
            string[] words = line.Split(' ');
            byte[] signature = new byte[line.Length];
            if (words.Length != 3 || words[0] != Scheme || !Convert.TryFromBase64String(words[2], signature, out int length))
            {
                return $"has a damaged {FileName}";
            }

            foreach (PublisherKey key in keys.Where(k => k.Id == words[1]))
            {
                hasTrusted = true;
                if (key.Verify(signed, signature.AsSpan(0, length)))
                {
                    return null;
                }
            }
        }

        return hasTrusted
            ? "is not what was signed: the signature does not fit its manifest"
            : "is signed by others than the publishers that are trusted for it";
    }

    private static byte[] Signed(InstalledPlugin plugin) =>
    [
        .. Encoding.ASCII.GetBytes(Scheme + "\n"),
        .. File.ReadAllBytes(Path.Combine(plugin.Folder, PluginManifest.FileName)),
    ];
}
