using Mortise.Indexing;

namespace Mortise.Conformance;

/// <summary>A projection of records to terms whose laws are checked.</summary>
public sealed class TermSubject : ILawSubject
{
    /// <inheritdoc/>
    public required string Name { get; init; }

    /// <summary>Makes an instance; always with the same options.</summary>
    public required Func<ITermProjection> Create { get; init; }

    /// <inheritdoc/>
    public Func<Action<ILawSubject>, string?>? UseInOwnContext { get; set; }

    /// <inheritdoc/>
    public LawNeeds Offers() => UseInOwnContext is null ? LawNeeds.None : LawNeeds.OwnContext;
}
