using System.Text.Json;
using System.Xml.Linq;
using Mortise.Conformance;
using Mortise.Conformance.Reports;
using Mortise.Conformance.Running;

namespace Mortise.Cli.Tests;

/// <summary>The verdicts of <c>mortise conformance</c>, each really produced, by processes of its own.</summary>
public sealed class ConformanceTests : IDisposable
{
    private static readonly string s_misbehaving =
        Path.Combine(Surroundings.Root, "artifacts", "test-plugins", "Misbehaving");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_hang_and_a_crash_are_verdicts_and_the_laws_after_them_are_checked()
    {
        (int code, JsonElement report, _) = await RunAsync("cache", "CP9", "CP10", "CP12");
        Assert.Equal(1, code);
        Assert.Contains("it hangs", Finding(report, "misbehaving.hanging", "CP9"), StringComparison.Ordinal);
        Assert.Equal("passed", Verdict(report, "misbehaving.hanging", "CP10"));
        Assert.Contains("exit code 134", Finding(report, "misbehaving.crashing", "CP9"), StringComparison.Ordinal);
        Assert.Contains(
            "the crashing cache crashes", Law(report, "misbehaving.crashing", "CP9").GetProperty("cause").GetString());
        Assert.Equal("passed", Verdict(report, "misbehaving.crashing", "CP10"));
        Assert.Equal("passed", Verdict(report, "misbehaving.lossy", "CP9"));
        Assert.Equal("failed", Verdict(report, "misbehaving.lossy", "CP10"));
        Assert.Equal("not applicable", Verdict(report, "misbehaving.lossy", "CP12"));
        Assert.Equal("skipped by the user", Verdict(report, "misbehaving.lossy", "CP1"));
        Assert.Equal("does not conform", report.GetProperty("conclusion").GetString());
    }

    [Fact]
    public async Task What_does_not_open_is_an_error_and_what_is_not_offered_is_refused_correctly()
    {
        (int code, JsonElement report, string folder) = await RunAsync("index", "IX21", "IX40", "IX5", "IX18");
        Assert.Equal(1, code);
        Assert.Equal("errored", Verdict(report, "misbehaving.unopenable", "IX5"));
        Assert.Contains(
            "this index never opens", Finding(report, "misbehaving.unopenable", "IX5"), StringComparison.Ordinal);
        Assert.Equal("refused correctly", Verdict(report, "misbehaving.sound", "IX21"));
        Assert.Equal("passed", Verdict(report, "misbehaving.sound", "IX40"));
        Assert.Equal("not applicable", Verdict(report, "misbehaving.sound", "IX18"));

        // The reports of one run say the same.
        XElement junit = XDocument.Load(Path.Combine(folder, "mortise.misbehaving-junit.xml")).Root!;
        XElement suite = junit.Elements().Single(each => (string?)each.Attribute("name") == "misbehaving.unopenable");
        Assert.Equal("4", (string?)suite.Attribute("errors"));
        string html = await File.ReadAllTextAsync(Path.Combine(folder, "mortise.misbehaving-report.html"));
        Assert.Contains("this index never opens", html, StringComparison.Ordinal);
        Assert.DoesNotContain("http", html, StringComparison.Ordinal);
        Assert.DoesNotContain(Surroundings.Root, html, StringComparison.Ordinal);
        string badge = await File.ReadAllTextAsync(Path.Combine(folder, "mortise.misbehaving-badge.svg"));
        Assert.Contains("partial", XDocument.Parse(badge).Root!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_plugin_prints_is_no_verdict()
    {
        (int code, JsonElement report, _) = await RunAsync("partition", "PS1", "PS7", "PS12");
        Assert.Equal(0, code);
        Assert.Equal("passed", Verdict(report, "misbehaving.printing", "PS7"));
        Assert.Equal("partial", report.GetProperty("conclusion").GetString());
    }

    [Fact]
    public async Task A_bundled_plugin_conforms_with_nothing_left_out()
    {
        using ToolProcess tool = ToolProcess.Start(
            "conformance", Path.Combine(Surroundings.Plugins, "Partitioning"), "--tier", "smoke", "--json");
        using JsonDocument report = JsonDocument.Parse(await tool.Output.ReadToEndAsync());
        Assert.Equal(0, await tool.EndAsync());
        Assert.Equal("conforms", report.RootElement.GetProperty("conclusion").GetString());
        Assert.Equal("passed", Verdict(report.RootElement, "mortise.partition.hash", "PS3"));
    }

    /// <summary>K20, and K1: the page has every law of every component, and a program that runs the laws itself comes
    /// to the verdicts that the command comes to.</summary>
    [Fact]
    public async Task The_matrix_has_every_law_of_every_component_and_all_fronts_give_the_same_verdicts()
    {
        string installed = _folder.File("installed");
        string plugin = Path.Combine(installed, "Cache.Lru", "1.0.0");
        Directory.CreateDirectory(plugin);
        foreach (string file in Directory.GetFiles(Path.Combine(Surroundings.Plugins, "Cache.Lru", "1.0.0")))
        {
            File.Copy(file, Path.Combine(plugin, Path.GetFileName(file)));
        }

        using ToolProcess matrix = ToolProcess.StartOver(
            installed, "conformance", "matrix", "--tier", "smoke", "--seed", "3", "--out", _folder.File("out"));
        string said = await matrix.Output.ReadToEndAsync();
        Assert.True(await matrix.EndAsync() == 0, said + await matrix.Errors);
        string page = await File.ReadAllTextAsync(_folder.File(Path.Combine("out", "matrix.html")));

        SubjectCatalog catalog = PluginUnderTest.Load(plugin, []).Catalog;
        IReadOnlyList<LawResult> own =
            [.. catalog.Subjects.SelectMany(static subject => subject.Laws.Select(law => subject.Check(
                law.Id, new LawSettings { Tier = LawTier.Smoke, Seed = 3 })))];
        Assert.All(own, result => Assert.Contains($">{result.Law.Id}<", page, StringComparison.Ordinal));
        Assert.Contains("mortise.cache.lru", page, StringComparison.Ordinal);
        Assert.Contains(ReportWords.Counts([.. own]), page, StringComparison.Ordinal);
    }

    /// <summary>A run that checks nothing must not look as if all were well.</summary>
    [Theory]
    [InlineData("log", 2)]
    [InlineData("terms", 0)]
    public async Task A_plugin_without_a_component_of_the_contract_is_said_to_have_none(string contract, int code)
    {
        using ToolProcess tool = ToolProcess.Start(
            "conformance", Path.Combine(Surroundings.Plugins, "Search.Words"), "--tier", "smoke", "--contract", contract);
        string said = await tool.Output.ReadToEndAsync();
        Assert.Equal(code, await tool.EndAsync());
        Assert.Equal(code == 0, said.Contains("mortise.search.words 1.0.0: conforms", StringComparison.Ordinal));
        Assert.Equal(
            code != 0, (await tool.Errors).Contains("has no component of a contract that has laws", StringComparison.Ordinal));
    }

    /// <summary>K19: an excuse has a term, and none outlives its reason.</summary>
    [Theory]
    [InlineData("misbehaving.lossy CP10 2999-12-31 being fixed", 0, "known failure", "being fixed")]
    [InlineData("misbehaving.lossy CP10 2020-01-01 being fixed", 1, "failed", "excused it until 2020-01-01")]
    [InlineData("misbehaving.lossy CP1 2999-12-31 no more", 1, "failed", "and it holds")]
    [InlineData("misbehaving.lossy CP99 2999-12-31 never", 2, "", "has no law CP99")]
    [InlineData("misbehaving.lossy CP10 soon", 2, "", "is not of the form")]
    public async Task A_known_failure_is_excused_until_its_day(string line, int code, string verdict, string finding)
    {
        string list = _folder.File("known.txt");
        await File.WriteAllTextAsync(list, $"# laws that are broken\n\n{line}\n");
        string law = line.Split(' ')[1];
        using ToolProcess tool = ToolProcess.Start(
            "conformance", s_misbehaving, "--contract", "cache", "--tier", "smoke", "--json", "--known", list,
            "--law", "CP10", "--law", "CP1");
        string output = await tool.Output.ReadToEndAsync();
        Assert.Equal(code, await tool.EndAsync());
        if (code == 2)
        {
            Assert.Contains(finding, await tool.Errors, StringComparison.Ordinal);
            return;
        }

        using JsonDocument report = JsonDocument.Parse(output);
        Assert.Equal(verdict, Verdict(report.RootElement, "misbehaving.lossy", law));
        Assert.Contains(finding, Finding(report.RootElement, "misbehaving.lossy", law), StringComparison.Ordinal);
        Assert.Equal(
            code == 0 ? "partial" : "does not conform", report.RootElement.GetProperty("conclusion").GetString());
    }

    [Theory]
    [InlineData("Nothing", "passed", "")]
    [InlineData("Timer", "failed", "a timer still runs; dispose it")]
    public async Task What_clings_to_the_process_after_unload_breaks_a_law_that_names_it(
        string pin, string verdict, string why)
    {
        using ToolProcess tool = ToolProcess.Start(
            "conformance", Path.Combine(Surroundings.Root, "artifacts", "test-plugins", "Leaky"), "--tier", "smoke",
            "--law", "C15", "--set", $"mortise.leaky.policy.pin={pin}", "--json");
        using JsonDocument report = JsonDocument.Parse(await tool.Output.ReadToEndAsync());
        await tool.EndAsync();
        Assert.Equal(verdict, Verdict(report.RootElement, "mortise.leaky.policy", "C15"));
        Assert.Contains(why, Finding(report.RootElement, "mortise.leaky.policy", "C15"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-such-plugin", "is no plugin")]
    [InlineData("--tier", "PLUGIN_DIR")]
    public async Task What_cannot_be_run_is_said(string argument, string expected)
    {
        using ToolProcess tool = argument == "--tier"
            ? ToolProcess.Start("conformance", argument, "smoke")
            : ToolProcess.Start("conformance", argument);
        Assert.NotEqual(0, await tool.EndAsync());
        Assert.Contains(expected, await tool.Errors, StringComparison.Ordinal);
    }

    private async Task<(int Code, JsonElement Report, string Folder)> RunAsync(string contract, params string[] laws)
    {
        using ToolProcess tool = ToolProcess.Start(
        [
            "conformance", s_misbehaving, "--contract", contract, "--tier", "smoke", "--json", "--report",
            "html,junit", "--badge", "--out", _folder.File("out"), .. laws.SelectMany(law => (string[])["--law", law]),
        ]);
        JsonDocument report = JsonDocument.Parse(await tool.Output.ReadToEndAsync());
        return (await tool.EndAsync(), report.RootElement, _folder.File("out"));
    }

    private static JsonElement Law(JsonElement report, string component, string law) =>
        report.GetProperty("components").EnumerateArray()
            .Single(each => each.GetProperty("component").GetString() == component)
            .GetProperty("laws").EnumerateArray().Single(each => each.GetProperty("law").GetString() == law);

    private static string? Verdict(JsonElement report, string component, string law) =>
        Law(report, component, law).GetProperty("verdict").GetString();

    private static string Finding(JsonElement report, string component, string law) =>
        Law(report, component, law).GetProperty("finding").GetString()!;
}
