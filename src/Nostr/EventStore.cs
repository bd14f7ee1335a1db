using Mortise.Engine;
using Mortise.Indexing;

namespace Mortise.Nostr;

/// <summary>A store of Nostr events.</summary>
/// <remarks>
/// <para>Role: the API of the event store over a stack: put, get, query, count, watch, delete.</para>
/// <para>Threads: all members from any thread. Readers see the state after some whole group of writes and wait for
/// nobody. Events are stored as given: verify ids and signatures before.</para>
/// <para>Order: results are newest first; events of one second by ascending id. It is exact, also across
/// filters.</para>
/// <para>Errors: <see cref="StorageException"/> of the stack; see <see cref="StoreEngine.WriteAsync"/>.</para>
/// </remarks>
public sealed partial class EventStore : IAsyncDisposable
{
    private readonly StoreEngine _engine;
    private readonly EventStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly EventFeed _feed;
    private readonly QueryFrames _frames;
    private readonly long _maxBatchBytes;
    private readonly TermIndexProjection? _terms;
    private volatile ExpiryGuard? _expiry;

    private EventStore(
        StoreEngine engine, EventStoreOptions options, TimeProvider time, EventFeed feed, long maxBatchBytes)
    {
        _engine = engine;
        _options = options;
        _time = time;
        _feed = feed;
        _maxBatchBytes = maxBatchBytes;
        _frames = new QueryFrames(engine);
        using StoreView view = engine.OpenView();
        _terms = SearchQuery.FindProjection(view.Families);
        var search = new Filter { Search = "word" };
        CanSearch = view.Families.Any(f => f.Projection is IEventProjection projection
            && PathOffers.Of(projection, search).Exists(static p => p.Decides.Overlaps(FilterConditions.AnyWord)));
    }

    /// <summary>What opening found and did.</summary>
    public OpenReport OpenReport => _engine.OpenReport;

    /// <summary>True when some family has words, so that filters may have <c>search</c> (NIP-50).</summary>
    public bool CanSearch { get; }

    /// <summary>The engine below, for maintenance.</summary>
    public StoreEngine Engine => _engine;

    /// <summary>Opens or creates a store.</summary>
    /// <param name="composition">The stack; it needs a family with the projection <c>id</c>.</param>
    /// <param name="options">How it behaves; null for the defaults.</param>
    /// <param name="cancellation">Stops opening; nothing stays open.</param>
    /// <exception cref="ArgumentException">No family has the projection <c>id</c>.</exception>
    /// <exception cref="StorageException">See <see cref="StoreEngine.OpenAsync"/>.</exception>
    public static async ValueTask<EventStore> OpenAsync(
        StoreComposition composition, EventStoreOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(composition);
        options ??= new EventStoreOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Policy.KeptVersions, 1, nameof(options));
        FamilyPart ids = composition.Families.FirstOrDefault(static f => f.Projection == EventProjections.Id)
            ?? throw new ArgumentException(
                "no index family has the projection 'id', which every store of events needs", nameof(composition));
        if (ids.OnFault != FaultPolicy.Stop)
        {
            throw new StorageException(
                StorageErrorCode.InvalidConfiguration,
                $"index family {ids.Name} has onFault: {ids.OnFault.ToString().ToLowerInvariant()}, and nothing can do without it",
                advice: "leave onFault away there: stop is the default");
        }


        var projections = new Dictionary<string, IKeyProjection>(EventProjections.All);
        foreach ((string name, IKeyProjection projection) in options.Projections)
        {
            projections[name] = projection;
        }

        var feed = new EventFeed();
        var planner = new EventWritePlanner(options.Policy, composition.Time, feed);
        StoreEngine engine = await StoreEngine.OpenAsync(composition, projections, planner, cancellation)
            .ConfigureAwait(false);
        return new EventStore(engine, options, composition.Time, feed, composition.Options.MaxCommitBytes.Bytes);
    }

    /// <summary>Stores one event.</summary>
    /// <returns>What became of it, when the sync mode's promise holds.</returns>
    public async ValueTask<PutResult> PutAsync(NostrEvent @event, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(@event);
        return (await PutAsync([@event], cancellation).ConfigureAwait(false))[0];
    }

    /// <summary>Stores one event that somebody else publishes.</summary>
    /// <inheritdoc cref="PutAsync(IReadOnlyList{NostrEvent}, IdSet, CancellationToken)"/>
    public async ValueTask<PutResult> PutAsync(
        NostrEvent @event, IdSet authenticatedAs, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(@event);
        return (await PutAsync([@event], authenticatedAs, cancellation).ConfigureAwait(false))[0];
    }

    /// <summary>Stores events in one commit: after a crash all of it or nothing is there.</summary>
    /// <remarks>For the store's owner: protected events (NIP-70) are taken whoever wrote them.</remarks>
    /// <param name="events">Decided in this order; each sees the ones before.</param>
    /// <param name="cancellation">Honoured before the write is queued, ignored after.</param>
    /// <returns>One result an event.</returns>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.LimitExceeded"/> when the batch is larger than
    /// one commit may be; nothing was stored.</exception>
    public ValueTask<IReadOnlyList<PutResult>> PutAsync(
        IReadOnlyList<NostrEvent> events, CancellationToken cancellation = default) =>
        WriteAsync(events, publisher: null, cancellation);

    /// <summary>As <see cref="PutAsync(IReadOnlyList{NostrEvent}, CancellationToken)"/>, for events that somebody else
    /// publishes: protected events (NIP-70) are taken from their authors only.</summary>
    /// <param name="events">Decided in this order; each sees the ones before.</param>
    /// <param name="authenticatedAs">The public keys that the publisher has authenticated as (NIP-42);
    /// <see cref="IdSet.Empty"/> for none.</param>
    /// <param name="cancellation">Honoured before the write is queued, ignored after.</param>
    /// <returns>One result an event; see <see cref="PutOutcome.Protected"/>.</returns>
    public ValueTask<IReadOnlyList<PutResult>> PutAsync(
        IReadOnlyList<NostrEvent> events, IdSet authenticatedAs, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(authenticatedAs);
        return WriteAsync(events, authenticatedAs, cancellation);
    }

    /// <summary>Removes one event, whoever asks, and does not remember that: it may come back.</summary>
    /// <param name="id">32 bytes.</param>
    /// <param name="cancellation">Honoured before the write is queued, ignored after.</param>
    /// <returns>False when it is not there.</returns>
    public async ValueTask<bool> DeleteAsync(ReadOnlyMemory<byte> id, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(id.Length, IdSet.ValueBytes);
        var removal = new EventRemoval([Id32.Read(id.Span)]);
        await _engine.WriteAsync(removal, cancellation).ConfigureAwait(false);
        return removal.Removed > 0;
    }

    /// <summary>Removes events that have expired (NIP-40); they were hidden already. Needs a family of
    /// expirations.</summary>
    /// <param name="most">The most events to remove in this call, 1 and up.</param>
    /// <param name="cancellation">Honoured before the write is queued, ignored after.</param>
    /// <returns>Events removed; fewer than <paramref name="most"/> when none is left.</returns>
    public async ValueTask<int> RemoveExpiredAsync(int most = 1000, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(most);
        var removal = new ExpiredRemoval(most);
        await _engine.WriteAsync(removal, cancellation).ConfigureAwait(false);
        return removal.Removed;
    }

    /// <summary>Makes everything durable and lets the log drop what nobody needs.</summary>
    public ValueTask CheckpointAsync(CancellationToken cancellation = default) => _engine.CheckpointAsync(cancellation);

    /// <summary>Counts and sizes.</summary>
    public EngineStatistics GetStatistics() => _engine.GetStatistics();

    /// <summary>Watches for events: those stored now, then each new one, with no gap and no duplicate
    /// between.</summary>
    /// <param name="filters">An event that matches any of them is wanted.</param>
    /// <param name="queue">Live events that may wait; null for the store's default.</param>
    /// <exception cref="ArgumentException">A filter cannot be answered by this stack.</exception>
    public EventSubscription Subscribe(IReadOnlyList<Filter> filters, int? queue = null)
    {
        ArgumentNullException.ThrowIfNull(filters);
        ArgumentOutOfRangeException.ThrowIfLessThan(queue ?? 1, 1, nameof(queue));
        using (StoreView view = _engine.OpenView())
        {
            // What this stack cannot answer is refused here, not when it is read.
            QueryExecution.Once(view, filters, null, new EntryGuard(Expiry(view)), wantsRecords: false, _time, default).Dispose();
        }

        EventMatcher live = CreateMatcher(filters);
        return _feed.Join(
            _engine.OpenView,
            view => new EventSubscription(
                _feed, live, view, v => Pull(v, filters, null, default), queue ?? _options.SubscriptionQueue));
    }

    /// <summary>Makes what tells live events that match from others.</summary>
    /// <param name="filters">An event that matches any of them is wanted.</param>
    public EventMatcher CreateMatcher(IReadOnlyList<Filter> filters)
    {
        ArgumentNullException.ThrowIfNull(filters);
        return new EventMatcher(filters, _terms);
    }

    /// <summary>Follows all writes from now on, with their commits: what a program needs that matches events with many
    /// subscriptions itself.</summary>
    /// <param name="capacity">Events that may wait for the consumer, 1 and up.</param>
    public EventTail Tail(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        return _feed.Join(new EventTail(_feed, capacity));
    }

    /// <summary>Ends subscriptions, finishes queued writes, checkpoints and closes.</summary>
    public async ValueTask DisposeAsync()
    {
        _feed.Close();
        await _engine.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask<IReadOnlyList<PutResult>> WriteAsync(
        IReadOnlyList<NostrEvent> events, IdSet? publisher, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (events.Count == 0)
        {
            return [];
        }

        var put = new EventPut(events, publisher);
        if (put.EstimatedBytes > _maxBatchBytes && events.Count > 1)
        {
            throw new StorageException(
                StorageErrorCode.LimitExceeded,
                $"a batch of about {put.EstimatedBytes} bytes; one commit takes up to {_maxBatchBytes}",
                advice: "write in smaller batches");
        }

        await _engine.WriteAsync(put, cancellation).ConfigureAwait(false);
        return put.Results;
    }
}
