using System.Text;

namespace Mortise.Host.Configuration;

/// <summary>A stack as it was written, with overrides applied. Says nothing yet of plugins.</summary>
public sealed class StackFile
{
    private StackFile(string origin, string? folder, ConfigMap root, IReadOnlyList<Problem> problems)
    {
        Origin = origin;
        Folder = folder;
        Root = root;
        Problems = problems;
    }

    /// <summary>The file's name, for positions.</summary>
    public string Origin { get; }

    /// <summary>The folder that relative paths in the stack are relative to; null for a text that is no file.</summary>
    public string? Folder { get; }

    /// <summary>The whole tree.</summary>
    internal ConfigMap Root { get; }

    /// <summary>What is wrong already; reported together with what is found later.</summary>
    internal IReadOnlyList<Problem> Problems { get; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="overrides"><c>KEY=VALUE</c>, where KEY is a path such as <c>wal.syncMode</c>.</param>
    /// <param name="profile">One of its <c>profiles</c>, or null.</param>
    /// <exception cref="StackException">It cannot be read, or is not a mapping.</exception>
    public static StackFile Read(string path, IEnumerable<string>? overrides = null, string? profile = null) =>
        Parse(path, ReadText(path), overrides, Path.GetDirectoryName(Path.GetFullPath(path)), profile);

    /// <summary>Reads a text.</summary>
    /// <param name="origin">A name for positions.</param>
    /// <param name="text">The text.</param>
    /// <param name="overrides"><c>KEY=VALUE</c>, where KEY is a path such as <c>wal.syncMode</c>.</param>
    /// <param name="folder">What relative paths in the stack are relative to, or null.</param>
    /// <param name="profile">One of its <c>profiles</c>, or null.</param>
    /// <exception cref="StackException">It is not YAML, or is not a mapping.</exception>
    public static StackFile Parse(
        string origin,
        string text,
        IEnumerable<string>? overrides = null,
        string? folder = null,
        string? profile = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        var problems = new List<Problem>();
        ConfigMap map = ReadMap(origin, text, problems) ?? throw new StackException(problems);
        map = StackSources.Resolve(map, folder, profile, (path, at) => ReadIncluded(path, at, problems), problems);
        foreach (string set in overrides ?? [])
        {
            Override(map, set, problems);
        }

        return new StackFile(origin, folder, map, problems);
    }

    private static ConfigMap? ReadMap(string origin, string text, List<Problem> problems)
    {
        ConfigNode? root = YamlTree.Parse(origin, text, problems);
        if (root is not null and not ConfigMap)
        {
            problems.Add(new Problem(ProblemCode.WrongType, root.At, $"a stack is a mapping, not {root.Description}"));
        }

        return root as ConfigMap;
    }

    private static ConfigMap? ReadIncluded(string path, SourcePosition at, List<Problem> problems)
    {
        try
        {
            return ReadMap(path, ReadText(path), problems);
        }
        catch (StackException e)
        {
            problems.AddRange(e.Problems.Select(p => p.Code == ProblemCode.Unreadable ? p with { At = at } : p));
            return null;
        }
    }

    private static string ReadText(string path)
    {
        byte[] bytes;
        try
        {
            using FileStream file = File.OpenRead(path);
            if (file.Length > ConfigTreeBuilder.MaxBytes)
            {
                throw new StackException([new Problem(
                    ProblemCode.TooLarge,
                    new SourcePosition(path),
                    $"{file.Length} bytes; the most is {ConfigTreeBuilder.MaxBytes}")]);
            }

            bytes = new byte[file.Length];
            file.ReadExactly(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StackException([new Problem(
                ProblemCode.Unreadable, new SourcePosition(path), $"the stack cannot be read: {e.Message}")]);
        }

        string text;
        try
        {
            text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new StackException(
                [new Problem(ProblemCode.Syntax, new SourcePosition(path), $"not UTF-8 at byte {e.Index}")]);
        }

        // YAML allows a byte order mark (YAML 1.2, 5.2); it is no part of the first key.
        return text.TrimStart('\uFEFF');
    }

    private static void Override(ConfigMap root, string set, List<Problem> problems)
    {
        int equals = set.IndexOf('=', StringComparison.Ordinal);
        string path = equals < 0 ? set : set[..equals].Trim();
        var at = new SourcePosition($"--set {(path.Length == 0 ? set : path)}");
        string[] keys = path.Split('.');
        if (equals < 0 || Array.Exists(keys, static k => k.Length == 0))
        {
            problems.Add(new Problem(
                ProblemCode.Syntax, at, "must be KEY=VALUE, where KEY is a path such as wal.syncMode"));
            return;
        }

        ConfigMap map = root;
        for (int i = 0; i < keys.Length - 1; i++)
        {
            if (!map.TryGet(keys[i], out ConfigEntry? entry) || entry.Value is ConfigText { IsNothing: true })
            {
                entry = new ConfigEntry(keys[i], at, new ConfigMap(at));
                map.Set(entry);
            }

            if (entry.Value is not ConfigMap next)
            {
                problems.Add(new Problem(
                    ProblemCode.WrongType,
                    at,
                    $"{string.Join('.', keys[..(i + 1)])} is {entry.Value.Description} at {entry.Value.At}, "
                    + "not a mapping"));
                return;
            }

            map = next;
        }

        if (ValueOf(set[(equals + 1)..].Trim(), at, problems) is { } value)
        {
            map.Set(new ConfigEntry(keys[^1], at, value));
        }
    }

    /// <summary>A list is written as in YAML, <c>[a, b]</c>; anything else is the value itself.</summary>
    private static ConfigNode? ValueOf(string text, SourcePosition at, List<Problem> problems)
    {
        if (!text.StartsWith('['))
        {
            return new ConfigText(text, isQuoted: false, at);
        }

        var found = new List<Problem>();
        ConfigNode? parsed = YamlTree.Parse(at.Origin, text, found);
        problems.AddRange(found.Select(p => p with { At = at }));
        if (parsed is not ConfigList items)
        {
            return null;
        }

        var list = new ConfigList(at);
        foreach (ConfigNode item in items.Items)
        {
            list.Add(item is ConfigText t ? new ConfigText(t.Text, t.IsQuoted, at) : item);
        }

        return list;
    }
}
