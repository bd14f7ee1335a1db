using Mortise.Caching;
using Mortise.Components;
using Mortise.Files;
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

    /// <summary>Gives a directory of the operating system's in the place of one of the simulated disk, for a component
    /// that opens files itself; null for the simulated one. Power cuts are then ends of the process.</summary>
    public Func<SimWorld, IStorageDirectory, IStorageDirectory>? NativeFiles { get; set; }

    /// <inheritdoc/>
    public Func<Action<ILawSubject>, string?>? UseInOwnContext { get; set; }

    /// <inheritdoc/>
    public LawNeeds Offers()
    {
        LawNeeds offers = Examiner is null ? LawNeeds.None : LawNeeds.Examiner;
        offers |= Examiner is ILogDumper ? LawNeeds.Dumper : LawNeeds.None;
        offers |= Examiner is IQuarantine ? LawNeeds.Quarantine : LawNeeds.None;
        offers |= Examiner is IDurableCopier ? LawNeeds.Copying : LawNeeds.None;
        offers |= GoldenStores.Count > 0 ? LawNeeds.GoldenStores : LawNeeds.None;
        offers |= UseInOwnContext is null ? LawNeeds.None : LawNeeds.OwnContext;
        offers |= NativeFiles is null ? LawNeeds.SimulatedFiles : LawNeeds.None;
        using SimWorld world = new(1);
        using Session<T> session = new(this, world);
        offers |= session.Component.TryGet(out IPackableIndex? _) ? LawNeeds.Packing : LawNeeds.None;
        offers |= session.Component.TryGet(out IReclaimable? _) ? LawNeeds.Reclaiming : LawNeeds.None;
        offers |= session.Component.TryGet(out IRecordSalvage? _) ? LawNeeds.Salvage : LawNeeds.None;
        offers |= Examiner is IStagedRecords && session.Component.TryGet(out IRecordStaging? _)
            ? LawNeeds.Staging
            : LawNeeds.None;
        bool persists = session.Component is not IIndexFamily index || index.Traits.IsPersistent;
        return persists ? offers | LawNeeds.Persistence : offers;
    }

    internal ValueTask<T> OpenIn(SimWorld world, string instanceName, CancellationToken cancellation) => Open(
        world.Context(instanceName, NativeFiles is { } native ? files => native(world, files) : null), cancellation);
}
