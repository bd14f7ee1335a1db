using Mortise.Caching;
using Mortise.Components;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Partitioning;
using Mortise.Plugins;
using Mortise.Records;
using Mortise.Reference;

namespace Mortise.Conformance;

/// <summary>Takes a plugin's components as subjects of the laws.</summary>
/// <remarks>For a tool or a test: <c>plugin.Register(catalog)</c>, then check each subject with its contract's
/// suite.</remarks>
public sealed class SubjectCatalog : IPluginRegistrar
{
    private readonly Action<string, object>? _configure;

    /// <summary>Makes an empty catalog.</summary>
    /// <param name="configure">Sets options of a component by its id, so that files become small; null keeps the
    /// defaults.</param>
    public SubjectCatalog(Action<string, object>? configure = null) => _configure = configure;

    /// <summary>The logs.</summary>
    public IList<ComponentSubject<IWriteAheadLog>> Logs { get; } = [];

    /// <summary>The record stores.</summary>
    public IList<ComponentSubject<IRecordStore>> RecordStores { get; } = [];

    /// <summary>The index structures.</summary>
    public IList<ComponentSubject<IIndexFamily>> IndexFamilies { get; } = [];

    /// <summary>The cache policies.</summary>
    public IList<CachePolicySubject> CachePolicies { get; } = [];

    /// <summary>The partition schemes.</summary>
    public IList<PartitionSubject> PartitionSchemes { get; } = [];

    /// <summary>The projections of records to terms.</summary>
    public IList<TermSubject> TermProjections { get; } = [];

    /// <summary>All components with their laws, in the order of the contracts.</summary>
    public IReadOnlyList<SubjectLaws> Subjects =>
    [
        .. Logs.Select(log => SubjectLaws.Of(log, LogLaws.Suite, LogCommon.Probe)),
        .. RecordStores.Select(store => SubjectLaws.Of(store, RecordLaws.Suite, RecordCommon.Probe)),
        .. IndexFamilies.Select(index => SubjectLaws.Of(index, IndexLaws.Suite, IndexCommon.Probe)),
        .. CachePolicies.Select(policy => SubjectLaws.Of(policy, CacheLaws.Suite)),
        .. PartitionSchemes.Select(scheme => SubjectLaws.Of(scheme, PartitionLaws.Suite)),
        .. TermProjections.Select(terms => SubjectLaws.Of(terms, TermLaws.Suite)),
    ];

    /// <summary>All subjects, of whatever contract.</summary>
    public IEnumerable<ILawSubject> All =>
        [.. Logs, .. RecordStores, .. IndexFamilies, .. CachePolicies, .. PartitionSchemes, .. TermProjections];

    /// <summary>Lets subjects be loaded once more, into a context that can be unloaded.</summary>
    /// <param name="useInOwnContext">For the id of a component: see <see cref="ILawSubject.UseInOwnContext"/>.</param>
    public void LetUnload(Func<string, Func<Action<ILawSubject>, string?>> useInOwnContext)
    {
        ArgumentNullException.ThrowIfNull(useInOwnContext);
        foreach (ILawSubject subject in All)
        {
            subject.UseInOwnContext = useInOwnContext(subject.Name);
        }
    }

    /// <summary>Checks every law of every component.</summary>
    /// <param name="settings">Null for the defaults.</param>
    public IReadOnlyList<LawResult> CheckAll(LawSettings? settings = null) =>
        [.. Subjects.SelectMany(subject => subject.Laws.Select(law => subject.Check(law.Id, settings)))];

    /// <inheritdoc/>
    public void AddLog<TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<IWriteAheadLog, TOptions> open, IExaminer? examiner = null)
        where TOptions : class, new() =>
        Logs.Add(Subject(descriptor, open, examiner));

    /// <inheritdoc/>
    public void AddRecordStore<TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<IRecordStore, TOptions> open, IExaminer? examiner = null)
        where TOptions : class, new() =>
        RecordStores.Add(Subject(descriptor, open, examiner));

    /// <inheritdoc/>
    public void AddIndexFamily<TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<IIndexFamily, TOptions> open, IExaminer? examiner = null)
        where TOptions : class, new() =>
        IndexFamilies.Add(Subject(descriptor, open, examiner));

    /// <inheritdoc/>
    public void AddCachePolicy<TOptions>(
        ComponentDescriptor descriptor, Func<TOptions, long, ulong, ICachePolicy> create)
        where TOptions : class, new()
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        CachePolicies.Add(new CachePolicySubject
        {
            Name = descriptor.Id,
            Create = (capacity, seed) => create(Options<TOptions>(descriptor.Id), capacity, seed),
            Reference = KnownPolicy(create(Options<TOptions>(descriptor.Id), 1, 1).Name),
        });
    }

    /// <inheritdoc/>
    public void AddPartitionScheme<TOptions>(ComponentDescriptor descriptor, Func<TOptions, IPartitionScheme> create)
        where TOptions : class, new()
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        PartitionSchemes.Add(new PartitionSubject
        {
            Name = descriptor.Id,
            Create = () => create(Options<TOptions>(descriptor.Id)),
        });
    }

    /// <inheritdoc/>
    public void AddTermProjection<TOptions>(ComponentDescriptor descriptor, Func<TOptions, ITermProjection> create)
        where TOptions : class, new()
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        TermProjections.Add(new TermSubject
        {
            Name = descriptor.Id,
            Create = () => create(Options<TOptions>(descriptor.Id)),
        });
    }

    /// <summary>A policy that calls itself by a name that everybody knows must do what everybody expects.</summary>
    private static Func<long, ICachePolicy>? KnownPolicy(string name) => name switch
    {
        "lru" => static capacity => new LruOrder(capacity),
        "fifo" => static capacity => new FifoCachePolicy(capacity),
        _ => null,
    };

    private ComponentSubject<T> Subject<T, TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<T, TOptions> open, IExaminer? examiner)
        where T : class, IStorageComponent
        where TOptions : class, new()
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        return new ComponentSubject<T>
        {
            Name = descriptor.Id,
            Open = (context, cancellation) => open(context, Options<TOptions>(descriptor.Id), cancellation),
            Examiner = examiner,
        };
    }

    private TOptions Options<TOptions>(string component)
        where TOptions : class, new()
    {
        TOptions options = new();
        _configure?.Invoke(component, options);
        return options;
    }
}
