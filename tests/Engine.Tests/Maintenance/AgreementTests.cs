using Mortise.Components;
using Mortise.Conformance;
using Mortise.Engine.Tests.Families;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Simulation;

namespace Mortise.Engine.Tests.Maintenance;

/// <summary>An index that does not say what the records say is found out, entry by entry.</summary>
public sealed class AgreementTests
{
    [Fact]
    public async Task Entries_that_are_missing_extra_or_dangling_are_found_and_a_rebuild_mends_them()
    {
        var blind = new BlindProjection(SimProjections.All[SimProjections.Group]);
        await using var store = new PartitionedStore(new SimWorld((ulong)Seed.Get(1)), TimeInterval.Monthly, maxOpen: 256)
        {
            Projections = new Dictionary<string, IKeyProjection>(SimProjections.All) { [SimProjections.Group] = blind },
        };
        await store.OpenAsync();
        for (int id = 1; id <= 9; id++)
        {
            // One record is not indexed.
            blind.Ordinal = id == 3 ? Time(3) : -1;
            await store.PutAsync(id, Time(id));
        }

        blind.Ordinal = -1;
        Assert.Equal(["missing-entry"], Codes(store));

        // Another loses its record, and its entry stays.
        blind.Ordinal = Time(5);
        await store.DeleteAsync(5);
        blind.Ordinal = -1;
        Assert.Equal(["extra-entry", "missing-entry"], Codes(store));

        // A third has an entry that it should not have.
        blind.Ordinal = Time(7);
        Assert.Equal(["extra-entry", "extra-entry", "missing-entry"], Codes(store));

        blind.Ordinal = -1;
        await store.ReopenAsync(["group"]);
        store.RequireAgreement(8);
    }

    private static long Time(int id) => PartitionedStore.Begin + (id * PartitionedStore.Day);

    private static string[] Codes(PartitionedStore store)
    {
        using StoreView view = store.Engine.OpenView();
        AgreementReport report = AgreementCheck.Run(view);
        Finding[] findings = [.. report.Families.SelectMany(static f => f.Findings)];
        Assert.Equal(report.Families.Sum(static f => f.Problems), findings.Length);
        Assert.Equal(0, report.Families[0].Problems);
        return [.. findings.Select(static f => f.Code).Order()];
    }

    /// <summary>Does not see the records of one ordinal.</summary>
    private sealed class BlindProjection(IKeyProjection inner) : IKeyProjection
    {
        public long Ordinal { get; set; } = -1;

        public string Name => inner.Name;

        public int FormatVersion => inner.FormatVersion;

        public LocationPlacement Placement => inner.Placement;

        public int MaxKeyBytes => inner.MaxKeyBytes;

        public void Project(ReadOnlySpan<byte> record, IKeySink sink)
        {
            if (SimRecord.Ordinal(record) != Ordinal)
            {
                inner.Project(record, sink);
            }
        }
    }
}
