using System.Globalization;
using System.Text;
using Mortise.Host.Configuration;

namespace Mortise.Host.Loading;

/// <summary>What happens to a plugin whose files are not on the list.</summary>
public enum TrustMode
{
    /// <summary>Nothing is checked.</summary>
    Off = 1,

    /// <summary>It is loaded, and the log says so.</summary>
    Warn = 2,

    /// <summary>It is not loaded.</summary>
    Enforce = 3,
}

/// <summary>The plugins that an operator trusts, each by the hash of all its files.</summary>
/// <remarks>
/// <para>One a line: <c>ID VERSION SHA256</c>; lines that begin with '#' are comments. A changed, added or missing file
/// gives another hash, private dependencies and deps.json included.</para>
/// <para>A load context is no security boundary: a plugin that is trusted can do what the process can. The list says
/// that these are the bytes somebody looked at, and no more. Who can write to a plugin's folder between the check and
/// the load cannot exchange them when code is loaded from private copies, because the copy is what is
/// checked.</para>
/// </remarks>
public sealed class TrustList
{
    private readonly Dictionary<(string Id, string Version), HashSet<string>> _hashes = [];

    private TrustList()
    {
    }

    /// <summary>A list that trusts nothing.</summary>
    public static TrustList Empty => new();

    /// <summary>Reads a list.</summary>
    /// <param name="origin">The file's name, for positions.</param>
    /// <param name="text">Its text.</param>
    /// <exception cref="StackException">Every line that is not an entry.</exception>
    public static TrustList Parse(string origin, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var list = new TrustList();
        var problems = new List<Problem>();
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length != 3 || words[2].Length != 64 || !words[2].All(char.IsAsciiHexDigitLower))
            {
                problems.Add(new Problem(
                    ProblemCode.Syntax,
                    new SourcePosition(origin, i + 1, 1),
                    "must be ID VERSION SHA256, the last 64 lower-case hexadecimal digits"));
                continue;
            }

            list.Add(words[0], words[1], words[2]);
        }

        StackException.ThrowIfAny(problems);
        return list;
    }

    /// <summary>Trusts a plugin as it is now in its folder.</summary>
    public void Add(InstalledPlugin plugin)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        Add(plugin.Manifest.Id, plugin.Manifest.Version.ToNormalizedString(), PluginFolder.Hash(plugin.Folder).Sha256);
    }

    /// <summary>Trusts what another list trusts, too.</summary>
    public void AddAll(TrustList other)
    {
        ArgumentNullException.ThrowIfNull(other);
        foreach (((string id, string version), HashSet<string> hashes) in other._hashes)
        {
            foreach (string hash in hashes)
            {
                Add(id, version, hash);
            }
        }
    }

    /// <summary>Forgets every hash of one version of a plugin.</summary>
    /// <returns>False when there was none.</returns>
    public bool Remove(string id, string version) => _hashes.Remove((id, version));

    /// <summary>The list as <see cref="Parse"/> reads it, sorted.</summary>
    public override string ToString()
    {
        var text = new StringBuilder("# Plugins trusted by the hash of all their files: ID VERSION SHA256\n");
        foreach (((string id, string version), HashSet<string> hashes) in _hashes.OrderBy(
                     static e => $"{e.Key.Id} {e.Key.Version}", StringComparer.Ordinal))
        {
            foreach (string hash in hashes.Order(StringComparer.Ordinal))
            {
                text.Append(CultureInfo.InvariantCulture, $"{id} {version} {hash}\n");
            }
        }

        return text.ToString();
    }

    /// <summary>Why a plugin with that hash is not trusted; null when it is.</summary>
    internal string? Objection(InstalledPlugin plugin, string sha256)
    {
        string version = plugin.Manifest.Version.ToNormalizedString();
        if (!_hashes.TryGetValue((plugin.Manifest.Id, version), out HashSet<string>? hashes))
        {
            return $"is not on the trust list; its files hash to {sha256}";
        }

        return hashes.Contains(sha256)
            ? null
            : $"has other files than those that were trusted: they hash to {sha256}, not {string.Join(" or ", hashes)}";
    }

    private void Add(string id, string version, string sha256)
    {
        if (!_hashes.TryGetValue((id, version), out HashSet<string>? hashes))
        {
            hashes = new HashSet<string>(StringComparer.Ordinal);
            _hashes.Add((id, version), hashes);
        }

        hashes.Add(sha256);
    }
}
