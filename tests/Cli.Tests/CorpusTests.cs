using Mortise.Conformance;
using Mortise.Conformance.Running;

namespace Mortise.Cli.Tests;

/// <summary>H50: plugins that were compiled against an earlier contract are loaded by the host of today and obey the
/// laws of today. <c>tests/Corpus</c> has their binaries as they were, never built anew.</summary>
public sealed class CorpusTests
{
    private static readonly string s_corpus = Path.Combine(Surroundings.Root, "tests", "Corpus");

    public static IEnumerable<object[]> Plugins() =>
        Directory.GetDirectories(s_corpus, "contract-*").Order(StringComparer.Ordinal)
            .SelectMany(Directory.GetDirectories).Order(StringComparer.Ordinal)
            .Select(static folder => new object[] { Path.GetRelativePath(s_corpus, folder) });

    [Theory]
    [MemberData(nameof(Plugins))]
    public void A_plugin_of_an_earlier_contract_is_the_one_that_was_kept_and_obeys(string folder)
    {
        PluginUnderTest plugin = PluginUnderTest.Load(Path.Combine(s_corpus, folder), []);
        string[] hashes = File.ReadAllLines(Path.Combine(s_corpus, "SHA256"));
        Assert.Contains($"{plugin.Facts.Sha256}  {folder.Replace('\\', '/')}", hashes);
        SubjectLaws subject = Assert.Single(plugin.Catalog.Subjects);

        // What must go when its context is unloaded is looked for in a process that does nothing else.
        LawResult[] results = [.. subject.Laws.Where(static law => law.Id != "C15").Select(law => subject.Check(
            law.Id, new LawSettings { Tier = LawTier.Smoke }))];
        Assert.All(results, static result => result.ThrowIfBroken());
        Assert.Contains(results, static result => result.Verdict == LawVerdict.Passed);
    }

    /// <summary>It is made of templates, and there is none for projections of records to terms.</summary>
    [Fact]
    public void Every_contract_with_a_template_has_a_plugin_in_it() =>
        Assert.Equal(
            Enum.GetValues<LawContract>().Where(static contract => contract != LawContract.TermProjection),
            Plugins().Select(static each => PluginUnderTest.Load(Path.Combine(s_corpus, (string)each[0]), []).Catalog
                .Subjects.Single().Contract).Distinct().Order());
}
