using Mortise.Host.Decorating;
using Mortise.Host.Loading;

namespace Mortise.Host.Configuration;

/// <summary>A component as a stack chooses it: by id and range of versions, with options not yet bound.</summary>
internal sealed class ComponentChoice
{
    private static readonly string[] s_common = ["plugin", "version"];

    private readonly ConfigMap _map;

    private ComponentChoice(string place, ComponentKind kind, ConfigMap map, Type settings)
    {
        Place = place;
        Kind = kind;
        At = map.At;
        HostKeys = [.. s_common, .. OptionProperty.Of(settings).Select(static p => p.Key)];
        Options = map.Where(key => !HostKeys.Contains(key));
        _map = map;
    }

    /// <summary>The path in the stack: <c>wal</c>, <c>indexes.id</c>.</summary>
    public string Place { get; }

    public ComponentKind Kind { get; }

    public SourcePosition At { get; }

    /// <summary>The component's id; null when the stack does not say a usable one, which has been reported.</summary>
    public string? ComponentId { get; private init; }

    public SourcePosition IdAt { get; private init; }

    public VersionRequirement? Version { get; private init; }

    public SourcePosition VersionAt { get; private init; }

    /// <summary>The keys of the mapping that the host or the engine reads.</summary>
    public IReadOnlyList<string> HostKeys { get; }

    /// <summary>The keys that belong to the component.</summary>
    public ConfigMap Options { get; }

    /// <summary>What the host's keys say: an instance of the settings class.</summary>
    public object Settings { get; private init; } = new NoSettings();

    /// <summary>True when the component's code may be exchanged while the store is open.</summary>
    public bool CanSwap => Settings is DecoratedSettings { Reload: ReloadMode.Swap };

    /// <summary>Where a key's value is, or where the mapping begins when the key is absent.</summary>
    public SourcePosition PositionOf(string key) => WrittenAt(key) ?? At;

    /// <summary>Where a key's value is, or null when the key is absent.</summary>
    public SourcePosition? WrittenAt(string key) => _map.TryGet(key, out ConfigEntry? entry) ? entry.Value.At : null;

    /// <summary>What was written for a key whose value came from the environment or a file, else null.</summary>
    public string? ExpressionOf(string key) =>
        _map.TryGet(key, out ConfigEntry? entry) ? (entry.Value as ConfigText)?.WrittenExpression : null;

    /// <summary>Reads a role.</summary>
    public static ComponentChoice? Read(
        string place, ComponentKind kind, Type settings, ConfigEntry entry, ICollection<Problem> problems)
    {
        if (entry.Value is not ConfigMap map)
        {
            problems.Add(new Problem(
                ProblemCode.WrongType,
                entry.Value.At,
                $"{place} is {entry.Value.Description}, not a mapping with plugin and version"));
            return null;
        }

        string? id = Word(
            map, "plugin", place, "the id of a component such as mortise.wal", problems, out SourcePosition idAt);
        string? range = Word(map, "version", place, "a range such as ^1.0", problems, out SourcePosition versionAt);
        VersionRequirement? version = null;
        if (range is not null && !VersionRequirement.TryParse(range, out version, out string? reason))
        {
            problems.Add(new Problem(ProblemCode.BadVersion, versionAt, $"{place}.version: {reason}"));
        }

        var settingKeys = OptionProperty.Of(settings).Select(static p => p.Key).ToHashSet(StringComparer.Ordinal);
        return new ComponentChoice(place, kind, map, settings)
        {
            ComponentId = id,
            IdAt = idAt,
            Version = version,
            VersionAt = versionAt,
            Settings = new OptionBinder(problems).Bind(settings, map.Where(settingKeys.Contains), place),
        };
    }

    private static string? Word(
        ConfigMap map, string key, string place, string example, ICollection<Problem> problems, out SourcePosition at)
    {
        at = map.At;
        if (!map.TryGet(key, out ConfigEntry? entry))
        {
            problems.Add(new Problem(ProblemCode.MissingKey, map.At, $"missing key '{key}' in {place}: {example}"));
            return null;
        }

        at = entry.Value.At;
        if (entry.Value is ConfigText { IsNothing: false } text)
        {
            return text.Text;
        }

        problems.Add(new Problem(
            ProblemCode.WrongType, at, $"{place}.{key} is {entry.Value.Description}, not {example}"));
        return null;
    }
}

/// <summary>What a stack says, before any plugin is looked for.</summary>
internal sealed class StackDefinition
{
    private static readonly string[] s_hostKeys =
        ["plugins", "engine", "wal", "records", "cache", "partitions", "projections", "indexes"];

    private const string OverridePrefix = "--set ";

    private StackDefinition()
    {
    }

    public List<(string Path, SourcePosition At)> PluginFolders { get; } = [];

    public EngineSettings Engine { get; private set; } = new();

    public ComponentChoice? Log { get; private set; }

    public ComponentChoice? Records { get; private set; }

    public ComponentChoice? Cache { get; private set; }

    public List<(string Name, ComponentChoice Choice)> Partitions { get; } = [];

    public List<(string Name, ComponentChoice Choice)> Projections { get; } = [];

    public List<(string Name, ComponentChoice Choice)> Indexes { get; } = [];

    public List<StackSection> Sections { get; } = [];

    /// <summary>Reads a tree.</summary>
    /// <param name="root">The tree.</param>
    /// <param name="sections">Names of the sections that others understand.</param>
    /// <param name="problems">Receives what is wrong.</param>
    public static StackDefinition Read(
        ConfigMap root, IReadOnlyCollection<string> sections, ICollection<Problem> problems)
    {
        var stack = new StackDefinition();
        foreach (ConfigEntry entry in root.Entries)
        {
            stack.Take(entry, sections, problems);
        }

        foreach (string required in (string[])["wal", "records", "indexes"])
        {
            if (!root.TryGet(required, out _))
            {
                problems.Add(new Problem(ProblemCode.MissingKey, root.At, $"missing key '{required}' in the stack"));
            }
        }

        return stack;
    }

    private void Take(ConfigEntry entry, IReadOnlyCollection<string> sections, ICollection<Problem> problems)
    {
        switch (entry.Key)
        {
            case "plugins":
                ReadFolders(entry.Value, problems);
                break;
            case "engine":
                if (Map(entry, "engine", problems) is { } engine)
                {
                    Engine = (EngineSettings)new OptionBinder(problems).Bind(typeof(EngineSettings), engine, "engine");
                }

                break;
            case "wal":
                Log = ComponentChoice.Read("wal", ComponentKind.Log, typeof(LogSettings), entry, problems);
                break;
            case "records":
                Records = ComponentChoice.Read("records", ComponentKind.Records, typeof(RecordSettings), entry, problems);
                break;
            case "cache":
                Cache = ComponentChoice.Read("cache", ComponentKind.Cache, typeof(CacheSettings), entry, problems);
                break;
            case "partitions":
                ReadNamed(entry, ComponentKind.Partition, typeof(SchemeSettings), Partitions, problems);
                break;
            case "projections":
                ReadNamed(entry, ComponentKind.Projection, typeof(ProjectionSettings), Projections, problems);
                break;
            case "indexes":
                ReadNamed(entry, ComponentKind.Index, typeof(FamilySettings), Indexes, problems);
                break;
            case string name when sections.Contains(name):
                if (Map(entry, name, problems) is { } section)
                {
                    Sections.Add(new StackSection(name, section));
                }

                break;
            default:
                problems.Add(new Problem(
                    ProblemCode.UnknownKey,
                    entry.KeyAt,
                    $"unknown key '{entry.Key}' in the stack"
                    + Suggestion.For(entry.Key, [.. s_hostKeys, .. sections])));
                break;
        }
    }

    private static ConfigMap? Map(ConfigEntry entry, string place, ICollection<Problem> problems)
    {
        switch (entry.Value)
        {
            case ConfigMap map:
                return map;
            case ConfigText { IsNothing: true }:
                return new ConfigMap(entry.Value.At);
            default:
                problems.Add(new Problem(
                    ProblemCode.WrongType, entry.Value.At, $"{place} is {entry.Value.Description}, not a mapping"));
                return null;
        }
    }

    private static void ReadNamed(
        ConfigEntry role,
        ComponentKind kind,
        Type settings,
        List<(string Name, ComponentChoice Choice)> to,
        ICollection<Problem> problems)
    {
        foreach (ConfigEntry entry in Map(role, role.Key, problems)?.Entries ?? [])
        {
            if (!IsName(entry.Key))
            {
                problems.Add(new Problem(
                    ProblemCode.InvalidValue,
                    entry.KeyAt,
                    $"'{entry.Key}' is not a name in {role.Key}: 1 to 64 of a-z, 0-9 and '-'"));
            }

            if (IsMistyped(role.Key, entry, to, problems))
            {
                continue;
            }

            if (ComponentChoice.Read($"{role.Key}.{entry.Key}", kind, settings, entry, problems) is { } choice)
            {
                to.Add((entry.Key, choice));
            }
        }
    }

    /// <summary>An override of something that the stack does not have makes it anew, which nobody means who names no
    /// plugin.</summary>
    private static bool IsMistyped(
        string role,
        ConfigEntry entry,
        List<(string Name, ComponentChoice Choice)> there,
        ICollection<Problem> problems)
    {
        if (entry.Value is not ConfigMap map
            || !map.At.Origin.StartsWith(OverridePrefix, StringComparison.Ordinal)
            || map.TryGet("plugin", out _))
        {
            return false;
        }

        problems.Add(new Problem(
            ProblemCode.UnknownReference,
            map.At,
            $"the stack has no {role}.{entry.Key}, and a new one needs a plugin"
            + Suggestion.For(entry.Key, there.Select(static t => t.Name), role)));
        return true;
    }

    private void ReadFolders(ConfigNode node, ICollection<Problem> problems)
    {
        if (node is ConfigText { IsNothing: true })
        {
            return;
        }

        if (node is not ConfigList list)
        {
            problems.Add(new Problem(
                ProblemCode.WrongType, node.At, $"plugins is {node.Description}, not a list of folders"));
            return;
        }

        foreach (ConfigNode item in list.Items)
        {
            if (item is ConfigText { IsNothing: false } text)
            {
                PluginFolders.Add((text.Text, text.At));
            }
            else
            {
                problems.Add(new Problem(
                    ProblemCode.WrongType, item.At, $"plugins has {item.Description}, not a folder"));
            }
        }
    }

    private static bool IsName(string name) =>
        name.Length is >= 1 and <= 64
        && name.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
}
