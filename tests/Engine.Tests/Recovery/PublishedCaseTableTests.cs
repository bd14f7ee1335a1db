using System.Text.RegularExpressions;

namespace Mortise.Engine.Tests.Recovery;

/// <summary>The table of published failures in docs/recovery.md names tests that exist, and all that this file's neighbour
/// has.</summary>
public sealed partial class PublishedCaseTableTests
{
    [Fact]
    public void Every_test_that_the_table_names_exists_and_no_published_case_is_left_out()
    {
        string table = File.ReadAllText(Path.Combine(Repository.Root, "docs", "recovery.md"));
        (string Class, string Method)[] named =
            [.. TestName().Matches(table).Select(static m => (m.Groups["class"].Value, m.Groups["method"].Value))];
        Assert.True(named.Length > 30, $"{named.Length} tests are named");
        var sources = Directory
            .EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Select(File.ReadAllText)
            .ToList();
        foreach ((string type, string method) in named)
        {
            Assert.True(
                sources.Exists(s => s.Contains($"class {type}", StringComparison.Ordinal)
                    && Regex.IsMatch(s, $@"public (async )?(void|Task) {method}\(")),
                $"docs/recovery.md names {type}.{method}, which is not there");
        }

        string[] own =
        [
            .. typeof(PublishedFailureCases).GetMethods()
                .Where(static m => m.DeclaringType == typeof(PublishedFailureCases))
                .Select(static m => m.Name),
        ];
        Assert.Empty(own.Except(named.Where(static n => n.Class == nameof(PublishedFailureCases)).Select(static n => n.Method)));
    }

    [GeneratedRegex("`(?<class>[A-Z][A-Za-z]+(Tests|Cases))\\.(?<method>[A-Z][A-Za-z0-9_]+)`")]
    private static partial Regex TestName();
}
