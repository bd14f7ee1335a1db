using System.Globalization;
using System.Text;
using Mortise.Host.Configuration;
using Mortise.Host.Installing;

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

/// <summary>Which plugins are trusted.</summary>
/// <param name="Mode">What happens to those that are not.</param>
/// <param name="List">Those that are.</param>
public sealed record TrustRules(TrustMode Mode, TrustList List);

/// <summary>The plugins that an operator trusts, each by the hash of all its files, and the publishers whose signature
/// is as good.</summary>
/// <remarks>
/// <para>One a line: <c>ID VERSION SHA256</c>, or <c>publisher IDS KEY</c> with an id or <c>vendor.*</c> and a key as
/// <see cref="PublisherKey.ToString"/> writes it; lines that begin with '#' are comments. A changed, added or missing
/// file gives another hash, private dependencies and deps.json included.</para>
/// <para>A load context is no security boundary: a plugin that is trusted can do what the process can. The list says
/// that these are the bytes somebody looked at, and no more. Who can write to a plugin's folder between the check and
/// the load cannot exchange them when code is loaded from private copies, because the copy is what is
/// checked.</para>
/// </remarks>
public sealed class TrustList
{
    private const string PublisherWord = "publisher";
    private const string AllBelow = ".*";

    private readonly Dictionary<(string Id, string Version), HashSet<string>> _hashes = [];
    private readonly SortedDictionary<string, PublisherKey> _publishers = new(StringComparer.Ordinal);

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
            if (words is [PublisherWord, var ids, var base64]
                && IsPublished(ids) && PublisherKey.TryParse(base64, out PublisherKey? key))
            {
                list.Add(ids, key);
                continue;
            }

            if (words.Length != 3 || words[2].Length != 64 || !words[2].All(char.IsAsciiHexDigitLower))
            {
                problems.Add(new Problem(
                    ProblemCode.Syntax,
                    new SourcePosition(origin, i + 1, 1),
                    "must be ID VERSION SHA256, the last 64 lower-case hexadecimal digits, or publisher IDS KEY"));
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

    /// <summary>Trusts what a publisher has signed.</summary>
    /// <param name="ids">The plugins that may be the publisher's: an id, or <c>vendor.*</c>.</param>
    /// <param name="key">The publisher's key.</param>
    /// <exception cref="ArgumentException">It is neither.</exception>
    public void Add(string ids, PublisherKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!IsPublished(ids))
        {
            throw new ArgumentException($"'{ids}' is neither a plugin's id nor vendor.*: nobody signs for "
                + "all", nameof(ids));
        }

        _publishers[$"{ids} {key}"] = key;
    }

    /// <summary>Trusts a publisher's signature no more.</summary>
    /// <param name="keyId">The key's id.</param>
    /// <returns>False when it was not trusted.</returns>
    public bool RemovePublisher(string keyId)
    {
        string[] entries = [.. _publishers.Where(p => p.Value.Id == keyId).Select(static p => p.Key)];
        return entries.Length > 0 && Array.TrueForAll(entries, _publishers.Remove);
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

        foreach ((string entry, PublisherKey key) in other._publishers)
        {
            _publishers[entry] = key;
        }
    }

    /// <summary>Forgets every hash of one version of a plugin.</summary>
    /// <returns>False when there was none.</returns>
    public bool Remove(string id, string version) => _hashes.Remove((id, version));

    /// <summary>The list as <see cref="Parse"/> reads it, sorted.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(
            "# Plugins trusted by the hash of all their files: ID VERSION SHA256; or by who signed: publisher IDS "
                + "KEY\n");
        foreach (((string id, string version), HashSet<string> hashes) in _hashes.OrderBy(
                     static e => $"{e.Key.Id} {e.Key.Version}", StringComparer.Ordinal))
        {
            foreach (string hash in hashes.Order(StringComparer.Ordinal))
            {
                text.Append(CultureInfo.InvariantCulture, $"{id} {version} {hash}\n");
            }
        }

        foreach (string entry in _publishers.Keys)
        {
            text.Append(CultureInfo.InvariantCulture, $"{PublisherWord} {entry}\n");
        }

        return text.ToString();
    }

    /// <summary>Why a plugin with that hash is not trusted; null when it is.</summary>
    /// <param name="plugin">The plugin, in the folder that will be loaded.</param>
    /// <param name="sha256">The hash of its files.</param>
    internal string? Objection(InstalledPlugin plugin, string sha256)
    {
        string version = plugin.Manifest.Version.ToNormalizedString();
        if (_hashes.TryGetValue((plugin.Manifest.Id, version), out HashSet<string>? hashes) && hashes.Contains(sha256))
        {
            return null;
        }

        string objection = hashes is null
            ? $"is not on the trust list; its files hash to {sha256}"
            : $"has other files than those that were trusted: they hash to {sha256}, not {string.Join(" or ", hashes)}";
        PublisherKey[] keys =
        [
            .. _publishers.Where(p => Covers(p.Key.Split(' ')[0], plugin.Manifest.Id)).Select(static p => p.Value),
        ];
        return keys.Length == 0
            ? objection
            : PluginSignature.Objection(plugin, keys) is { } unsigned ? $"{objection}; and it {unsigned}" : null;
    }

    private static bool Covers(string ids, string id) => ids.EndsWith(AllBelow, StringComparison.Ordinal)
        ? id.StartsWith(ids[..^1], StringComparison.Ordinal)
        : ids == id;

    private static bool IsPublished(string ids) =>
        PluginManifest.IsId(ids.EndsWith(AllBelow, StringComparison.Ordinal) ? ids[..^AllBelow.Length] : ids);

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
