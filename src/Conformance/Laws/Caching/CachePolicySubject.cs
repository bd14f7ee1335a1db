using Mortise.Caching;

namespace Mortise.Conformance;

/// <summary>A cache policy whose laws are checked.</summary>
public sealed class CachePolicySubject : ILawSubject
{
    /// <inheritdoc/>
    public required string Name { get; init; }

    /// <summary>Makes an instance; arguments: capacity in bytes, seed.</summary>
    public required Func<long, ulong, ICachePolicy> Create { get; init; }

    /// <summary>A slow policy that names the same victims in the same order, or null when there is none to compare
    /// with. Argument: capacity in bytes.</summary>
    public Func<long, ICachePolicy>? Reference { get; init; }

    /// <inheritdoc/>
    public Func<Action<ILawSubject>, string?>? UseInOwnContext { get; set; }

    /// <inheritdoc/>
    public LawNeeds Offers() =>
        (Reference is null ? LawNeeds.None : LawNeeds.Reference)
        | (UseInOwnContext is null ? LawNeeds.None : LawNeeds.OwnContext);
}
