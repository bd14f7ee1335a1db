namespace Mortise.Architecture.Tests;

/// <summary>Dependencies point inwards only (ARCHITECTURE.md, "Rings"), as the built assemblies tell it.</summary>
public sealed class DependencyRuleTests
{
    private static readonly Dictionary<string, string[]> s_rings = new()
    {
        ["Mortise.Abstractions"] = [],
        ["Mortise.Primitives"] = [],
        ["Mortise.Engine"] = ["Mortise.Abstractions", "Mortise.Primitives"],
        ["Mortise.Conformance"] = ["Mortise.Abstractions", "Mortise.Primitives"],
        ["Mortise.Conformance.Running"] =
        [
            "Mortise.Abstractions", "Mortise.Conformance", "Mortise.Engine", "Mortise.Host", "Mortise.Primitives",
            "Mortise.Simulation", "NuGet.Versioning",
        ],
        ["Mortise.Conformance.Xunit"] =
            ["Mortise.Abstractions", "Mortise.Conformance", "Xunit.SkippableFact", "xunit.core"],
        ["Mortise.Host"] =
        [
            "Mortise.Abstractions", "Mortise.Engine", "Mortise.Primitives",
            "Microsoft.Extensions.DependencyInjection", "Microsoft.Extensions.DependencyInjection.Abstractions",
            "Microsoft.Extensions.DependencyModel", "Microsoft.Extensions.Diagnostics.HealthChecks*",
            "Microsoft.Extensions.Logging.Abstractions", "Microsoft.Extensions.Options", "NuGet.Versioning", "Scrutor",
            "YamlDotNet",
        ],
        ["Mortise.Nostr"] = ["Mortise.Abstractions", "Mortise.Engine", "Mortise.Primitives", "BouncyCastle.Crypto"],
        ["Mortise.Simulation"] =
            ["Mortise.Abstractions", "Mortise.Conformance", "Mortise.Engine", "Mortise.Primitives"],
        ["Mortise.Bench"] = ["Mortise.Abstractions", "Mortise.Engine", "Mortise.Nostr", "Mortise.Primitives"],
        ["Mortise.Cli"] =
        [
            "Mortise.Abstractions", "Mortise.Bench", "Mortise.Conformance", "Mortise.Conformance.Running",
            "Mortise.Engine", "Mortise.Host", "Mortise.Nostr", "Mortise.Primitives", "Mortise.Relay",
            "Mortise.Simulation", "Microsoft.Extensions.Logging*",
            "NuGet.Versioning", "System.CommandLine",
        ],
        ["Mortise.Relay"] =
        [
            "Mortise.Abstractions", "Mortise.Engine", "Mortise.Host", "Mortise.Nostr", "Mortise.Primitives",
            "Microsoft.AspNetCore*", "Microsoft.Extensions*",
        ],
    };

    public static TheoryData<string> Sources => [.. Repository.Projects("src")];

    public static TheoryData<string> Plugins => [.. Repository.Projects("plugins")];

    [Theory]
    [MemberData(nameof(Sources))]
    public void A_project_of_src_references_its_inner_rings_only(string project)
    {
        Assert.True(s_rings.TryGetValue(project, out string[]? allowed), $"say here what {project} may reference");
        Findings.None(Outward(project, allowed));
    }

    [Theory]
    [MemberData(nameof(Plugins))]
    public void A_plugin_references_the_contract_and_the_primitives_and_nothing_else_of_ours(string project) =>
        Assert.DoesNotContain(
            Outward(project, ["Mortise.Abstractions", "Mortise.Primitives"]),
            reference => reference.StartsWith("Mortise.", StringComparison.Ordinal));

    [Fact]
    public void Nothing_in_src_compiles_against_a_plugin()
    {
        string[] plugins = [.. Repository.Projects("plugins")];
        foreach (string project in Repository.Projects("src"))
        {
            Findings.None(AssemblyFacts.Read(Repository.Binary(project)).References.Intersect(plugins));
        }
    }

    [Fact]
    public void The_contract_version_is_frozen_for_every_1_x() =>
        Assert.Equal(new Version(1, 0, 0, 0), AssemblyFacts.Read(Repository.Binary("Mortise.Abstractions")).Version);

    [Fact]
    public void The_framework_knows_no_Nostr()
    {
        string[] inner = ["src/Abstractions/", "src/Primitives/", "src/Engine/", "src/Conformance/", "plugins/"];
        Findings.None(
            from file in Repository.FilesEndingIn(".cs")
            where inner.Any(folder => file.StartsWith(folder, StringComparison.Ordinal))
            where Repository.Text(file).Contains("nostr", StringComparison.OrdinalIgnoreCase)
            select file);
    }

    private static string[] Outward(string project, string[] allowed) =>
    [
        .. AssemblyFacts.Read(Repository.Binary(project)).References.Where(
            reference => !allowed.Any(pattern => Matches(pattern, reference)) && !IsSystem(reference)),
    ];

    // System.CommandLine is a package like any other, whatever its name says.
    private static bool IsSystem(string reference) =>
        reference is "netstandard" or "Microsoft.Win32.Primitives"
        || (reference.StartsWith("System.", StringComparison.Ordinal) && reference != "System.CommandLine");

    private static bool Matches(string pattern, string name) => pattern.EndsWith('*')
        ? name.StartsWith(pattern[..^1], StringComparison.Ordinal)
        : name == pattern;
}
