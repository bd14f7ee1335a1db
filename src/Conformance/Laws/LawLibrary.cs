namespace Mortise.Conformance;

/// <summary>The laws of all contracts.</summary>
public static class LawLibrary
{
    /// <summary>In the order of the contracts.</summary>
    public static IReadOnlyList<Law> All { get; } =
    [
        .. LogLaws.Suite.Laws,
        .. RecordLaws.Suite.Laws,
        .. IndexLaws.Suite.Laws,
        .. CacheLaws.Suite.Laws,
        .. PartitionLaws.Suite.Laws,
        .. TermLaws.Suite.Laws,
    ];
}
