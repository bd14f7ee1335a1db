using System.Text.RegularExpressions;

namespace Mortise.Host.Configuration;

/// <summary>Puts a stack together from what it refers to: files that it includes, a profile, the environment and files
/// with secrets. Positions stay those of the file where a value was written.</summary>
/// <remarks>The order, later wins: included files in their order, the stack itself, the chosen profile.</remarks>
internal static partial class StackSources
{
    private const string IncludeKey = "include";
    private const string ProfilesKey = "profiles";
    private const string PluginKey = "plugin";
    private const int MaxIncludes = 16;

    /// <summary>Puts a stack together.</summary>
    /// <param name="root">The stack as written.</param>
    /// <param name="folder">What paths are relative to, or null when it is no file.</param>
    /// <param name="profile">The profile that was chosen, or null.</param>
    /// <param name="read">Reads an included file; null when it cannot, which it has reported.</param>
    /// <param name="problems">Receives what is wrong.</param>
    public static ConfigMap Resolve(
        ConfigMap root, string? folder, string? profile, Func<string, SourcePosition, ConfigMap?> read,
        ICollection<Problem> problems)
    {
        ConfigMap whole = Include(root, folder, [], read, problems);
        if (whole.TryGet(ProfilesKey, out ConfigEntry? profiles))
        {
            whole = whole.Where(static key => key != ProfilesKey);
        }

        if (profile is not null)
        {
            string[] names = profiles?.Value is ConfigMap map ? [.. map.Entries.Select(static e => e.Key)] : [];
            if (profiles?.Value is ConfigMap all && all.TryGet(profile, out ConfigEntry? chosen)
                && chosen.Value is ConfigMap changes)
            {
                whole = Merge(whole, changes);
            }
            else
            {
                problems.Add(new Problem(
                    ProblemCode.UnknownReference,
                    new SourcePosition($"--profile {profile}"),
                    "the stack has no such profile" + Suggestion.For(profile, names, "there is")));
            }
        }

        return (ConfigMap)Expand(whole, folder, problems);
    }

    private static ConfigMap Include(
        ConfigMap root, string? folder, IReadOnlyList<string> above, Func<string, SourcePosition, ConfigMap?> read,
        ICollection<Problem> problems)
    {
        if (!root.TryGet(IncludeKey, out ConfigEntry? include))
        {
            return root;
        }

        if (include.Value is not ConfigList list)
        {
            problems.Add(new Problem(
                ProblemCode.WrongType, include.Value.At, $"include is {include.Value.Description}, not a list of "
                    + "files"));
            return root.Where(static key => key != IncludeKey);
        }

        var whole = new ConfigMap(root.At);
        foreach (ConfigNode item in list.Items)
        {
            string? path = item is ConfigText { IsNothing: false } text ? Path.Combine(folder ?? "", text.Text) : null;
            if (path is null)
            {
                problems.Add(new Problem(
                    ProblemCode.WrongType, item.At, $"include has {item.Description}, not a file"));
            }
            else if (above.Contains(Path.GetFullPath(path)) || above.Count == MaxIncludes)
            {
                problems.Add(new Problem(
                    ProblemCode.InvalidValue, item.At, $"'{path}' includes itself, or includes go deeper than "
                        + $"{MaxIncludes}"));
            }
            else if (read(path, item.At) is { } included)
            {
                whole = Merge(whole, Include(
                    included, Path.GetDirectoryName(path), [.. above, Path.GetFullPath(path)], read, problems));
            }
        }

        return Merge(whole, root.Where(static key => key != IncludeKey));
    }

    /// <summary>Mappings are merged, all else is replaced; a role that names another plugin is replaced whole, because
    /// the options are the other plugin's.</summary>
    private static ConfigMap Merge(ConfigMap below, ConfigMap above)
    {
        var merged = new ConfigMap(above.At);
        foreach (ConfigEntry entry in below.Entries)
        {
            merged.Set(entry);
        }

        foreach (ConfigEntry entry in above.Entries)
        {
            bool isMerged = entry.Value is ConfigMap && merged.TryGet(entry.Key, out ConfigEntry? old)
                && old.Value is ConfigMap before && SamePlugin(before, (ConfigMap)entry.Value);
            merged.Set(isMerged
                ? entry with { Value = Merge((ConfigMap)Find(merged, entry.Key), (ConfigMap)entry.Value) }
                : entry);
        }

        return merged;
    }

    private static ConfigNode Find(ConfigMap map, string key) => map.Entries.Single(e => e.Key == key).Value;

    private static bool SamePlugin(ConfigMap below, ConfigMap above) =>
        !above.TryGet(PluginKey, out ConfigEntry? named)
        || (below.TryGet(PluginKey, out ConfigEntry? before)
            && named.Value is ConfigText a && before.Value is ConfigText b && a.Text == b.Text);

    private static ConfigNode Expand(ConfigNode node, string? folder, ICollection<Problem> problems)
    {
        switch (node)
        {
            case ConfigMap map:
                var copy = new ConfigMap(map.At);
                foreach (ConfigEntry entry in map.Entries)
                {
                    copy.Set(entry with { Value = Expand(entry.Value, folder, problems) });
                }

                return copy;
            case ConfigList list:
                var items = new ConfigList(list.At);
                foreach (ConfigNode item in list.Items)
                {
                    items.Add(Expand(item, folder, problems));
                }

                return items;
            case ConfigText text when text.Text.Contains("${", StringComparison.Ordinal):
                return new ConfigText(
                    Reference().Replace(text.Text, match => Value(match, text.At, folder, problems)), text.IsQuoted, text.At)
                {
                    Expression = text.Text,
                };
            default:
                return node;
        }
    }

    private static string Value(Match match, SourcePosition at, string? folder, ICollection<Problem> problems)
    {
        string name = match.Groups["name"].Value;
        string? otherwise = match.Groups["default"].Success ? match.Groups["default"].Value : null;
        if (match.Groups["kind"].Value == "env")
        {
            if ((Environment.GetEnvironmentVariable(name) ?? otherwise) is { } variable)
            {
                return variable;
            }

            problems.Add(new Problem(
                ProblemCode.UnknownReference,
                at,
                $"the environment has no variable {name}; set it, or write ${{env:{name}:-DEFAULT}}"));
            return "";
        }

        string path = Path.Combine(folder ?? "", name);
        try
        {
            return File.ReadAllText(path).TrimEnd('\n', '\r');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (otherwise is not null)
            {
                return otherwise;
            }

            problems.Add(new Problem(ProblemCode.Unreadable, at, $"'{path}' cannot be read: {e.Message}"));
            return "";
        }
    }

    [GeneratedRegex(@"\$\{(?<kind>env|file):(?<name>[^}:]+)(:-(?<default>[^}]*))?\}")]
    private static partial Regex Reference();
}
