using Mortise.Conformance;
using Mortise.Conformance.Running;
using Mortise.Indexing;

namespace Mortise.Index.Lmdb.Tests;

/// <summary>The laws that every index structure has to obey, on one that opens its files itself.</summary>
/// <remarks>Power cuts are cuts of the process here: the simulated disk holds no file of LMDB's. Skipped where LMDB is not
/// installed.</remarks>
public sealed class LmdbLawTests
{
    private static readonly ComponentSubject<IIndexFamily> s_subject = CreateSubject();

    /// <summary>Laws that need the simulated disk do not apply, and say so: damage is tried in
    /// <see cref="LmdbFileTests"/>.</summary>
    public static TheoryData<string> Laws => [.. IndexLaws.Suite.Laws.Select(static law => law.Id)];

    [SkippableFact]
    public void It_reaches_around_its_context_only_into_LMDB()
    {
        Skip.IfNot(Native.IsAvailable, "liblmdb is not on this machine");
        Assert.All(
            BypassScan.Of(typeof(LmdbIndex)),
            static call => Assert.Contains("Mortise.Index.Lmdb.Native.", call, StringComparison.Ordinal));
    }

    [SkippableTheory]
    [MemberData(nameof(Laws))]
    public void Obeys(string law)
    {
        Skip.IfNot(Native.IsAvailable, "liblmdb is not on this machine");
        LawResult result = IndexLaws.Suite.Check(law, s_subject, new LawSettings());
        result.ThrowIfBroken();
        Skip.If(result.Verdict == LawVerdict.NotApplicable, $"{law} does not apply: {result.Detail}");
    }

    private static ComponentSubject<IIndexFamily> CreateSubject()
    {
        var catalog = new SubjectCatalog(static (_, options) => ((LmdbOptions)options).MapSize = ByteSize.MiB(64));
        new LmdbPlugin().Register(catalog);
        ComponentSubject<IIndexFamily> subject = catalog.IndexFamilies.Single();
        subject.NativeFiles = NativeFiles.Of;
        return subject;
    }
}
