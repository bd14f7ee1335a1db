using Mortise.Reference;

namespace Mortise.Conformance.Tests.Reference;

public class ReferencePluginTests
{
    private static readonly CachePolicySubject s_fifo = new()
    {
        Name = "fifo",
        Create = (capacity, _) => new FifoCachePolicy(capacity),
    };

    private static readonly CachePolicySubject s_lru = new()
    {
        Name = "lru-order",
        Create = (capacity, _) => new LruOrder(capacity),
        Reference = capacity => new LruOrder(capacity),
    };

    private static readonly PartitionSubject s_single = new()
    {
        Name = "single",
        Create = () => new SinglePartition(),
        GoldenVectors = [(0, "", "all"), (long.MinValue, "ff", "all")],
    };

    private static readonly TermSubject s_split = new() { Name = "split", Create = () => new SplitTerms() };

    public static IEnumerable<object[]> TermProjectionLaws() => TermLaws.Suite.Ids();

    public static IEnumerable<object[]> CachePolicyLaws() => CacheLaws.Suite.Ids();

    public static IEnumerable<object[]> SchemeLaws() => PartitionLaws.Suite.Ids();

    [Theory]
    [MemberData(nameof(CachePolicyLaws))]
    public void First_in_first_out_obeys(string law) => CacheLaws.Suite.Check(law, s_fifo).ThrowIfBroken();

    [Theory]
    [MemberData(nameof(CachePolicyLaws))]
    public void Least_recently_used_obeys(string law)
    {
        // The order that others are compared with: no plugin, and it allocates.
        if (law != "CP11")
        {
            CacheLaws.Suite.Check(law, s_lru).ThrowIfBroken();
        }
    }

    [Theory]
    [MemberData(nameof(SchemeLaws))]
    public void The_single_partition_obeys(string law) => PartitionLaws.Suite.Check(law, s_single).ThrowIfBroken();

    [Theory]
    [MemberData(nameof(TermProjectionLaws))]
    public void The_words_between_spaces_obey(string law) => TermLaws.Suite.Check(law, s_split).ThrowIfBroken();

    [Fact]
    public void The_catalog_holds_every_component_of_the_plugin()
    {
        SubjectCatalog catalog = new();
        new ReferencePlugin().Register(catalog);
        Assert.Equal(["mortise.reference.simple-log"], catalog.Logs.Select(subject => subject.Name));
        Assert.Equal(["mortise.reference.simple-records"], catalog.RecordStores.Select(subject => subject.Name));
        Assert.Equal(2, catalog.IndexFamilies.Count);
        Assert.Single(catalog.CachePolicies);
        Assert.Single(catalog.PartitionSchemes);
        Assert.Single(catalog.TermProjections);
    }
}
