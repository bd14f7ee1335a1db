using Mortise.Records;

namespace Mortise.Conformance;

/// <summary>The laws of <see cref="IRecordStore"/>.</summary>
public static class RecordLaws
{
    /// <summary>All of them.</summary>
    public static LawSuite<ComponentSubject<IRecordStore>> Suite { get; } = Build();

    private static LawSuite<ComponentSubject<IRecordStore>> Build()
    {
        LawSuite<ComponentSubject<IRecordStore>> suite = new();
        CommonLaws.AddTo(suite.Group("common"), LawContract.RecordStore, RecordCommon.Probe);
        RecordReadingLaws.AddTo(suite.Group("reading"));
        RecordRecoveryLaws.AddTo(suite.Group("recovery"));
        RecordDamageLaws.AddTo(suite.Group("damage"));
        RecordReclaimLaws.AddTo(suite.Group("reclaim"));
        RecordStagingLaws.AddTo(suite.Group("staging"));
        RecordSalvageLaws.AddTo(suite.Group("salvage"));
        RecordQuarantineLaws.AddTo(suite.Group("quarantine"));
        RecordCopyLaws.AddTo(suite.Group("copies"));
        return suite;
    }

    internal static Law Must(string id, string text, LawNeeds needs = LawNeeds.None) =>
        new() { Id = id, Contract = LawContract.RecordStore, Text = text, Needs = needs };

    internal static SimWorld World(ulong seed) =>
        new(seed, new SimDiskOptions { CanMap = seed % 2 == 0 }, eagerBackground: seed % 3 == 0);
}
