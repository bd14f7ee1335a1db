using Mortise.Indexing;

namespace Mortise.Conformance;

/// <summary>The laws of <see cref="IIndexFamily"/>.</summary>
public static class IndexLaws
{
    /// <summary>All of them.</summary>
    public static LawSuite<ComponentSubject<IIndexFamily>> Suite { get; } = Build();

    private static LawSuite<ComponentSubject<IIndexFamily>> Build()
    {
        LawSuite<ComponentSubject<IIndexFamily>> suite = new();
        CommonLaws.AddTo(suite.Group("common"), LawContract.IndexFamily, IndexCommon.Probe);
        IndexMapLaws.AddTo(suite.Group("map"));
        IndexSnapshotLaws.AddTo(suite.Group("snapshots"));
        IndexRecoveryLaws.AddTo(suite.Group("recovery"));
        IndexPackLaws.AddTo(suite.Group("packing"));
        IndexDamageLaws.AddTo(suite.Group("damage"));
        return suite;
    }

    internal static Law Must(string id, string text, LawNeeds needs = LawNeeds.None) =>
        new() { Id = id, Contract = LawContract.IndexFamily, Text = text, Needs = needs };

    internal static Law Should(string id, string text, LawNeeds needs = LawNeeds.None) =>
        new() { Id = id, Contract = LawContract.IndexFamily, Text = text, Needs = needs, Level = LawLevel.Should };

    internal static SimWorld World(ulong seed) =>
        new(seed, new SimDiskOptions { CanMap = seed % 2 == 0 }, eagerBackground: seed % 3 == 0);
}
