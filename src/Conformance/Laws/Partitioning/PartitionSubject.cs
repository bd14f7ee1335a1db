using Mortise.Partitioning;

namespace Mortise.Conformance;

/// <summary>A partition scheme whose laws are checked.</summary>
public sealed class PartitionSubject : ILawSubject
{
    /// <inheritdoc/>
    public required string Name { get; init; }

    /// <summary>Makes an instance; always with the same options.</summary>
    public required Func<IPartitionScheme> Create { get; init; }

    /// <summary>Instances with other options, whose partitions mean something else.</summary>
    public IReadOnlyList<Func<IPartitionScheme>> Others { get; init; } = [];

    /// <summary>Partition names that an earlier process or version gave, by ordinal and key in hexadecimal.</summary>
    public IReadOnlyList<(long Ordinal, string Key, string Partition)> GoldenVectors { get; set; } = [];

    /// <inheritdoc/>
    public Func<Action<ILawSubject>, string?>? UseInOwnContext { get; set; }

    /// <inheritdoc/>
    public LawNeeds Offers() =>
        (GoldenVectors.Count == 0 ? LawNeeds.None : LawNeeds.GoldenVectors)
        | (UseInOwnContext is null ? LawNeeds.None : LawNeeds.OwnContext);
}
