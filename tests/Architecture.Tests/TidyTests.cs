using System.Text.RegularExpressions;

namespace Mortise.Architecture.Tests;

/// <summary>House rules that no compiler checks.</summary>
public sealed partial class TidyTests
{
    private const int MaxFileLines = 600;
    private const int MaxLineLength = 120;

    private static readonly string[] s_wrapped = ["src/Conformance", "src/Simulation/", "src/Cli/Simulation/"];

    private static readonly string[] s_text =
    [
        ".cs", ".csproj", ".props", ".targets", ".md", ".json", ".yaml", ".yml", ".sh", ".txt", ".sln", ".ci/run",
        "mortise",
    ];

    [Fact]
    public void No_file_of_code_is_longer_than_600_lines() =>
        Findings.None(
            from file in Code()
            let lines = Repository.Lines(file).Length
            where lines > MaxFileLines
            select $"{file} has {lines} lines");

    [Fact]
    public void No_line_of_code_is_longer_than_120_characters() =>
        Findings.None(
            from file in Code()
            where s_wrapped.Any(folder => file.StartsWith(folder, StringComparison.Ordinal))
            from line in Repository.Lines(file).Index()
            where line.Item.Length > MaxLineLength
            select $"{file}:{line.Index + 1} has {line.Item.Length} characters");

    [Fact]
    public void No_type_is_named_after_nothing_in_particular() =>
        Findings.None(
            from file in Code()
            from Match match in VagueName().Matches(Repository.Text(file))
            select $"{file}: {match.Value}");

    [Fact]
    public void Nothing_is_left_to_do_in_a_comment() =>
        Findings.None(
            from file in Text()
            from line in Repository.Lines(file).Index()
            where LeftOver().IsMatch(line.Item)
            select $"{file}:{line.Index + 1}: {line.Item.Trim()}");

    [Fact]
    public void No_path_of_anybodys_machine_is_in_the_tree() =>
        Findings.None(
            from file in Text()
            from line in Repository.Lines(file).Index()
            where MachinePath().IsMatch(line.Item)
            select $"{file}:{line.Index + 1}: {line.Item.Trim()}");

    [Fact]
    public void Every_text_file_ends_with_one_line_feed_and_has_no_carriage_return() =>
        Findings.None(
            from file in Text()
            let text = Repository.Text(file)
            where text.Length > 0
            where text[^1] != '\n' || text.EndsWith("\n\n", StringComparison.Ordinal) || text.Contains('\r')
            select file);

    [Fact]
    public void The_solution_lists_every_project_and_no_other()
    {
        string[] listed =
        [
            .. SolutionProject().Matches(Repository.Text("Framework.sln"))
                .Select(match => match.Groups[1].Value.Replace('\\', '/')).Order(StringComparer.Ordinal),
        ];

        // What a template holds is built where somebody has made a plugin of it.
        Assert.Equal(
            Repository.FilesEndingIn(".csproj")
                .Where(file => !file.StartsWith("templates/content/", StringComparison.Ordinal)),
            listed);
    }

    /// <summary>The two commands that a stranger is told to type are those that every change has to pass.</summary>
    [Fact]
    public void Ci_runs_the_two_commands_of_the_readme()
    {
        string[] commands =
        [
            .. Repository.Lines("README.md").SkipWhile(static line => line != "## Two commands")
                .Where(static line => line.StartsWith("    ", StringComparison.Ordinal)).Take(2)
                .Select(static line => line.Split('#')[0].Trim()),
        ];
        Assert.Equal(["./mortise demo --serve", "dotnet test Framework.sln -c Release"], commands);
        string[] steps = [.. Repository.Lines(".ci/run").Where(static line => line.Contains("step ", StringComparison.Ordinal))];
        Assert.All(commands, command => Assert.Contains(
            steps, step => step.Contains($" {command} ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_doc_comment_has_words() =>
        Findings.None(
            from file in Code()
            from Match match in EmptyDoc().Matches(Repository.Text(file))
            select $"{file}: {match.Value}");

    private static IEnumerable<string> Code() => Repository.FilesEndingIn(".cs");

    /// <summary>What is kept as it was built is not ours to tidy: its hashes are pinned.</summary>
    private static IEnumerable<string> Text() => Repository.FilesEndingIn(s_text)
        .Where(static file => !file.StartsWith("tests/Corpus/contract-", StringComparison.Ordinal));

    [GeneratedRegex(@"\b(?:class|struct|interface|record|enum) \w*(?:Manager|Helper|Util|Utils|Utility|Impl)s?\b")]
    private static partial Regex VagueName();

    [GeneratedRegex(@"\b(?:TO[D]O|FIX[M]E|HA[C]K|X[X]X)\b")]
    private static partial Regex LeftOver();

    [GeneratedRegex(@"(?<![\w.$}*])/(?:home|root|Users|work|tmp)/\w|[A-Z]:\\Users\\")]
    private static partial Regex MachinePath();

    [GeneratedRegex("""^Project\("[^"]+"\) = "[^"]+", "([^"]+\.csproj)",""", RegexOptions.Multiline)]
    private static partial Regex SolutionProject();

    [GeneratedRegex(@"<(summary|remarks|returns|param name=""\w+"")>\s*</\w+>")]
    private static partial Regex EmptyDoc();
}
