using System.Text.RegularExpressions;

namespace Mortise.Architecture.Tests;

/// <summary>What the documents name exists.</summary>
public sealed partial class DocumentationTests
{
    [Fact]
    public void Every_relative_link_leads_to_a_file() =>
        Findings.None(
            from document in Repository.FilesEndingIn(".md")
            from Match match in Link().Matches(Repository.Text(document))
            let target = match.Groups[1].Value
            where !target.Contains("://", StringComparison.Ordinal)
            let path = Path.Combine(Path.GetDirectoryName(Repository.Full(document))!, target)
            where !File.Exists(path) && !Directory.Exists(path)
            select $"{document} links to {target}");

    [Fact]
    public void Every_symbol_in_the_life_of_a_write_exists()
    {
        string readme = Repository.Text("README.md");
        int start = readme.IndexOf("## The life of a write", StringComparison.Ordinal);
        int end = readme.IndexOf("\n## ", start + 1, StringComparison.Ordinal);
        string[] symbols = [.. Symbol().Matches(readme[start..end]).Select(match => match.Groups[1].Value).Distinct()];
        Assert.NotEmpty(symbols);
        AssemblyFacts[] ours =
            [.. Repository.Projects("src").Select(project => AssemblyFacts.Read(Repository.Binary(project)))];
        Findings.None(
            from symbol in symbols
            let parts = symbol.Split('.')
            where !ours.Any(one => one.Types[parts[0]].Any(members => members.Contains(parts[1])))
            select $"README.md names {symbol}");
    }

    [Fact]
    public void Every_path_that_the_front_pages_name_exists() =>
        Findings.None(
            from document in (string[])["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]
            from Match match in TreePath().Matches(Repository.Text(document))
            let path = match.Groups[1].Value.TrimEnd('*').TrimEnd('/')
            where !File.Exists(Repository.Full(path)) && !Directory.Exists(Repository.Full(path))
            select $"{document} names {path}");

    [GeneratedRegex(@"\]\(([^)#\s]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`([A-Z]\w+\.[A-Z]\w+)`")]
    private static partial Regex Symbol();

    [GeneratedRegex(@"`((?:src|plugins|tests|eng)/[\w./*-]*)`")]
    private static partial Regex TreePath();
}
