using Mortise.Conformance;

namespace Mortise.Segments.Tests;

public sealed class ConformanceLaws
{
    private static readonly SubjectCatalog s_catalog = Catalog();

    public static IEnumerable<object[]> Ids => RecordLaws.Suite.Ids();

    [Theory]
    [MemberData(nameof(Ids))]
    public void The_law_holds(string id)
    {
        var settings = new LawSettings { Tier = TestSeed.Soak > 1 ? LawTier.Standard : LawTier.Smoke };
        LawResult result = RecordLaws.Suite.Check(id, s_catalog.RecordStores[0], settings);
        Assert.True(result.Verdict == LawVerdict.Passed, $"{id}: {result.Verdict}: {result.Detail}\n{result.Cause}");
    }

    private static SubjectCatalog Catalog()
    {
        var catalog = new SubjectCatalog((_, options) =>
        {
            var small = (SegmentsOptions)options;
            small.SegmentSize = ByteSize.KiB(16);
            small.WriteBuffer = ByteSize.KiB(4);
            small.MaxRecord = ByteSize.KiB(64);
        });
        new SegmentsPlugin().Register(catalog);
        return catalog;
    }
}
