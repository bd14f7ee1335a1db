using Mortise.Host.Configuration;
using NuGet.Versioning;

namespace Mortise.Host.Loading;

/// <summary>A component as a manifest declares it, known without running the plugin.</summary>
public sealed class ComponentDeclaration
{
    /// <summary>The id that stacks name, for example <c>mortise.btree</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The contract it implements.</summary>
    public required ComponentKind Kind { get; init; }

    /// <summary>The name of its file format; empty when it has no files.</summary>
    public string Format { get; init; } = "";

    /// <summary>The format version it writes.</summary>
    public int FormatVersion { get; init; }

    /// <summary>The oldest format version it reads.</summary>
    public int OldestReadable { get; init; }

    /// <summary>One line for a person.</summary>
    public string Summary { get; init; } = "";

    /// <summary>Ids that the component had before; stacks that name one still find it.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>What it offers to other components beyond its contract.</summary>
    public IReadOnlyList<string> Offers { get; init; } = [];

    /// <summary>What another component of a stack must offer, or be.</summary>
    public IReadOnlyList<string> Requires { get; init; } = [];

    /// <summary>What it would use if another component offered it, or were it.</summary>
    public IReadOnlyList<string> Prefers { get; init; } = [];

    /// <summary>What no other component of a stack may offer, or be.</summary>
    public IReadOnlyList<string> Conflicts { get; init; } = [];

    /// <summary>True when a stack's name means this component.</summary>
    public bool IsCalled(string id) =>
        string.Equals(Id, id, StringComparison.Ordinal) || Aliases.Contains(id, StringComparer.Ordinal);
}

/// <summary>How far an author vouches for a plugin.</summary>
public enum PluginStatus
{
    /// <summary>Not said.</summary>
    Unstated = 1,

    /// <summary>An experiment; formats may change without an upgrade.</summary>
    Alpha = 2,

    /// <summary>Complete, not yet proven.</summary>
    Beta = 3,

    /// <summary>Its formats stay readable.</summary>
    Stable = 4,
}

/// <summary>A file of a plugin and the hash it had when it was packed.</summary>
public sealed class FileDeclaration
{
    /// <summary>The path within the folder, with '/'.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 in lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }
}

/// <summary>What a <c>plugin.json</c> says.</summary>
public sealed class PluginManifest
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "plugin.json";

    private PluginManifest()
    {
    }

    /// <summary>The plugin's id, for example <c>mortise.wal</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The plugin's version.</summary>
    public required NuGetVersion Version { get; init; }

    /// <summary>The file name of the assembly with the entry point.</summary>
    public required string Assembly { get; init; }

    /// <summary>The versions of the contract that it can work with.</summary>
    public required VersionRequirement Contract { get; init; }

    /// <summary>One line for a person.</summary>
    public required string Summary { get; init; }

    /// <summary>What it has.</summary>
    public required IReadOnlyList<ComponentDeclaration> Components { get; init; }

    /// <summary>What the code uses beyond what a host hands it; null when the manifest does not say.</summary>
    public required PluginPowers? Posture { get; init; }

    /// <summary>How far the author vouches for it.</summary>
    public required PluginStatus Status { get; init; }

    /// <summary>Every other file of the folder with its hash; empty when the manifest does not say.</summary>
    public required IReadOnlyList<FileDeclaration> Files { get; init; }

    /// <summary>Where the manifest is.</summary>
    public required SourcePosition At { get; init; }

    /// <summary>Reads a manifest.</summary>
    /// <param name="origin">The file's name, for positions.</param>
    /// <param name="utf8">Its bytes.</param>
    /// <param name="problems">Receives everything that is wrong.</param>
    /// <returns>Null when something is wrong.</returns>
    public static PluginManifest? Parse(string origin, ReadOnlySpan<byte> utf8, ICollection<Problem> problems)
    {
        ArgumentNullException.ThrowIfNull(problems);
        var found = new List<Problem>();
        PluginManifest? manifest = Read(origin, utf8, found);
        foreach (Problem problem in found)
        {
            problems.Add(problem);
        }

        return found.Count == 0 ? manifest : null;
    }

    private static PluginManifest? Read(string origin, ReadOnlySpan<byte> utf8, List<Problem> problems)
    {
        if (JsonTree.Parse(origin, utf8, problems) is not { } root || problems.Count > 0)
        {
            return null;
        }

        if (root is not ConfigMap map)
        {
            problems.Add(new Problem(
                ProblemCode.WrongType, root.At, $"a manifest is a mapping, not {root.Description}"));
            return null;
        }

        var text = (Text)new OptionBinder(problems).Bind(typeof(Text), map, FileName);
        SourcePosition At(string key) => map.TryGet(key, out ConfigEntry? entry) ? entry.Value.At : map.At;
        bool Has(string key) => map.TryGet(key, out ConfigEntry? entry) && entry.Value is ConfigText;

        if (Has("id") && !IsId(text.Id))
        {
            problems.Add(new Problem(
                ProblemCode.InvalidValue,
                At("id"),
                $"'{text.Id}' is not an id: parts of a-z, 0-9 and '-' joined by dots"));
        }

        NuGetVersion? version = null;
        if (Has("version") && !TryVersion(text.Version, out version))
        {
            problems.Add(new Problem(
                ProblemCode.BadVersion, At("version"), $"'{text.Version}' is not a semantic version such as 1.2.0"));
        }

        VersionRequirement? contract = null;
        if (Has("contract") && !VersionRequirement.TryParse(text.Contract, out contract, out string? reason))
        {
            problems.Add(new Problem(ProblemCode.BadVersion, At("contract"), reason));
        }

        if (Has("assembly") && !IsAssemblyName(text.Assembly))
        {
            problems.Add(new Problem(
                ProblemCode.InvalidValue,
                At("assembly"),
                $"'{text.Assembly}' is not the name of a .dll in the plugin's own folder"));
        }

        CheckComponents(text, At("components"), problems);
        return problems.Count > 0 ? null : new PluginManifest
        {
            Id = text.Id,
            Version = version!,
            Assembly = text.Assembly,
            Contract = contract!,
            Summary = text.Summary,
            Components = text.Components,
            Posture = map.TryGet("posture", out _) ? Combine(text.Posture) : null,
            Status = text.Status,
            Files = text.Files,
            At = map.At,
        };
    }

    private static void CheckComponents(Text text, SourcePosition at, List<Problem> problems)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (ComponentDeclaration component in text.Components)
        {
            if (component.Id is null)
            {
                continue;
            }

            if (!IsId(component.Id) || !component.Id.Contains('.', StringComparison.Ordinal))
            {
                problems.Add(new Problem(
                    ProblemCode.InvalidValue,
                    at,
                    $"component '{component.Id}' is not an id: two or more parts of a-z, 0-9 and '-' joined by dots"));
            }
            else if (!ids.Add(component.Id))
            {
                problems.Add(new Problem(ProblemCode.Ambiguous, at, $"component '{component.Id}' is declared twice"));
            }

            foreach (string name in component.Offers.Concat(component.Requires).Concat(component.Prefers)
                .Concat(component.Conflicts).Where(static n => !IsId(n) || !n.Contains('.', StringComparison.Ordinal)))
            {
                problems.Add(new Problem(
                    ProblemCode.InvalidValue,
                    at,
                    $"component '{component.Id}' names '{name}': two or more parts of a-z, 0-9 and '-' joined by "
                        + "dots"));
            }

            if (component.OldestReadable < 0 || component.OldestReadable > component.FormatVersion)
            {
                problems.Add(new Problem(
                    ProblemCode.InvalidValue,
                    at,
                    $"component '{component.Id}' writes format {component.FormatVersion} and reads from "
                    + $"{component.OldestReadable}; it must read what it writes"));
            }
        }
    }

    private static PluginPowers Combine(IEnumerable<PluginPowers> powers) =>
        powers.Aggregate(PluginPowers.None, static (all, one) => all | one);

    private static bool TryVersion(string text, out NuGetVersion? version) =>
        NuGetVersion.TryParseStrict(text, out version);

    /// <summary>True for parts of <c>[a-z0-9-]+</c> joined by dots.</summary>
    internal static bool IsId(string id) =>
        id.Length <= 100 && Array.TrueForAll(id.Split('.'), static part =>
            part.Length > 0 && part.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'));

    private static bool IsAssemblyName(string name) =>
        name.EndsWith(".dll", StringComparison.Ordinal) && name.Length is > 4 and <= 200 && name[0] != '.'
        && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    /// <summary>The manifest as it is written.</summary>
    private sealed class Text
    {
        public required string Id { get; init; }

        public required string Version { get; init; }

        public required string Assembly { get; init; }

        public required string Contract { get; init; }

        public required string Summary { get; init; }

        public required IReadOnlyList<ComponentDeclaration> Components { get; init; } = [];

        public IReadOnlyList<PluginPowers> Posture { get; init; } = [];

        public PluginStatus Status { get; init; } = PluginStatus.Unstated;

        public IReadOnlyList<FileDeclaration> Files { get; init; } = [];
    }
}
