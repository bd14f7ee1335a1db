using Mortise.Caching;
using Mortise.Components;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Records;

namespace Mortise.Conformance;

/// <summary>A log, record store or index structure whose laws are checked.</summary>
/// <typeparam name="T">The contract.</typeparam>
public sealed class ComponentSubject<T> : ILawSubject
    where T : class, IStorageComponent
{
    /// <inheritdoc/>
    public required string Name { get; init; }

    /// <summary>Opens or creates an instance in the context's directory. Choose options that make files small, so that
    /// rotation, splits and merges happen within some hundred operations.</summary>
    public required Func<ComponentContext, CancellationToken, ValueTask<T>> Open { get; init; }

    /// <summary>Checks its files, or null when it has no examiner.</summary>
    public IExaminer? Examiner { get; init; }

    /// <summary>What earlier format versions left; empty for none.</summary>
    public IReadOnlyList<GoldenStore> GoldenStores { get; set; } = [];

    /// <summary>The share of memory that each instance gets; null for none.</summary>
    public Func<ICacheGrant>? Cache { get; init; }

    /// <inheritdoc/>
    public LawNeeds Offers()
    {
        LawNeeds offers = Examiner is null ? LawNeeds.None : LawNeeds.Examiner;
        offers |= Examiner is ILogDumper ? LawNeeds.Dumper : LawNeeds.None;
        offers |= GoldenStores.Count > 0 ? LawNeeds.GoldenStores : LawNeeds.None;
        using SimWorld world = new(1);
        using Session<T> session = new(this, world);
        offers |= session.Component.TryGet(out IPackableIndex? _) ? LawNeeds.Packing : LawNeeds.None;
        offers |= session.Component.TryGet(out IReclaimable? _) ? LawNeeds.Reclaiming : LawNeeds.None;
        bool persists = session.Component is not IIndexFamily index || index.Traits.IsPersistent;
        return persists ? offers | LawNeeds.Persistence : offers;
    }
}
