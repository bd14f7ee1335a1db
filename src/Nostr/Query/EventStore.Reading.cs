using System.Runtime.CompilerServices;
using Mortise.Engine;
using Mortise.Records;

namespace Mortise.Nostr;

/// <content>Reading.</content>
public sealed partial class EventStore
{
    /// <summary>Finds an event by its id and shows it in place.</summary>
    /// <param name="id">32 bytes.</param>
    /// <param name="sink">Receives the event.</param>
    /// <returns>False when there is none, or it has expired.</returns>
    public bool TryGet<TSink>(ReadOnlySpan<byte> id, ref TSink sink)
        where TSink : struct, IEventSink, allows ref struct
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(id.Length, IdSet.ValueBytes);
        using BriefView view = _engine.OpenBriefView();
        if (!Families.WithProjection(view.Families, EventProjections.Id)!.TryFind(id, out RecordLocation location))
        {
            return false;
        }

        using RecordLease lease = view.Records.Read(location);
        EventView @event = EventView.Open(lease.Bytes);
        if (_options.Policy.HonourExpiration && EventTags.IsExpired(@event, Now))
        {
            return false;
        }

        sink.Accept(@event);
        return true;
    }

    /// <summary>Finds an event by its id and copies it; null when there is none, or it has expired.</summary>
    /// <param name="id">32 bytes.</param>
    public NostrEvent? Get(ReadOnlySpan<byte> id)
    {
        var copy = default(EventCopy);
        return TryGet(id, ref copy) ? copy.Event : null;
    }

    /// <summary>Shows the events that match any of some filters, newest first, ties by lowest id, each once.</summary>
    /// <param name="filters">Each with its own limit: the result is the union of their results.</param>
    /// <param name="sink">Receives the events in place; stops by returning false.</param>
    /// <param name="after">Only events behind this position; limits count from there. Null for all.</param>
    /// <param name="cancellation">Stops with <see cref="OperationCanceledException"/> at the next entry.</param>
    /// <exception cref="ArgumentException">A filter cannot be answered by this stack.</exception>
    public void Query<TSink>(
        IReadOnlyList<Filter> filters,
        ref TSink sink,
        EventPosition? after = null,
        CancellationToken cancellation = default)
        where TSink : struct, IEventSink, allows ref struct
    {
        ArgumentNullException.ThrowIfNull(filters);
        using QueryFrame frame = _frames.Open();
        Begin(frame, filters, after, visibility: null, wantsRecords: true, cancellation);
        frame.Execution.PushAll(ref sink);
    }

    /// <summary>Plans a query that its consumer drives, event by event, over one state of the store.</summary>
    /// <param name="filters">As for <see cref="Query{TSink}"/>.</param>
    /// <param name="visibility">What the reader may see; null for everything. What is hidden does not count against
    /// limits.</param>
    /// <param name="wantsRecords">False when results are only counted.</param>
    /// <param name="cancellation">Stops the query with <see cref="OperationCanceledException"/>.</param>
    /// <returns>The caller disposes it; until then it pins the state that it reads.</returns>
    /// <exception cref="ArgumentException">A filter cannot be answered by this stack.</exception>
    public EventQuery OpenQuery(
        IReadOnlyList<Filter> filters,
        EventVisibility? visibility = null,
        bool wantsRecords = true,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(filters);
        QueryFrame frame = _frames.Open();
        try
        {
            Begin(frame, filters, after: null, visibility, wantsRecords, cancellation);
            return new EventQuery(frame);
        }
        catch
        {
            frame.Dispose();
            throw;
        }
    }

    /// <summary>As <see cref="Query{TSink}"/>, pulled: nothing is read before it is asked for.</summary>
    /// <returns>Copies. An enumeration under way keeps a view of the store open: dispose it.</returns>
    public IEnumerable<NostrEvent> Query(
        IReadOnlyList<Filter> filters, EventPosition? after = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(filters);
        return Iterate(filters, after, cancellation);
    }

    /// <summary>As <see cref="Query(IReadOnlyList{Filter}, EventPosition?, CancellationToken)"/>, for consumers that
    /// await between events.</summary>
    public async IAsyncEnumerable<NostrEvent> QueryAsync(
        IReadOnlyList<Filter> filters,
        EventPosition? after = null,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        // Reading is synchronous: pages come from memory or from mapped files. What is asynchronous is the consumer.
        await Task.CompletedTask.ConfigureAwait(false);
        foreach (NostrEvent @event in Query(filters, after, cancellation))
        {
            yield return @event;
        }
    }

    /// <summary>How many events <see cref="Query{TSink}"/> would show. Where keys decide, no record is read.</summary>
    /// <remarks>Limits count: leave them out to count all.</remarks>
    public long Count(IReadOnlyList<Filter> filters, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(filters);
        using QueryFrame frame = _frames.Open();
        Begin(frame, filters, after: null, visibility: null, wantsRecords: false, cancellation);
        return frame.Execution.Count();
    }

    /// <summary>Runs a query, or a count, and tells how it was answered.</summary>
    /// <param name="filters">As for <see cref="Query{TSink}"/>.</param>
    /// <param name="count">True to count only.</param>
    /// <param name="cancellation">Stops with <see cref="OperationCanceledException"/>.</param>
    public QueryExplanation Explain(
        IReadOnlyList<Filter> filters, bool count = false, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(filters);
        using QueryFrame frame = _frames.Open();
        long pagesBefore = QueryExecution.PagesRead(frame.View);
        Begin(frame, filters, after: null, visibility: null, wantsRecords: !count, cancellation);
        QueryExecution run = frame.Execution;
        if (count)
        {
            return run.Explain(run.Count(), pagesBefore);
        }

        var counter = default(EventCounter);
        run.PushAll(ref counter);

        return run.Explain(counter.Count, pagesBefore);
    }

    /// <summary>Shows all live events in the order in which they lie on disk, each as it is when it is reached: the
    /// fastest way to read everything, and not a snapshot. Expired events are among them.</summary>
    /// <param name="sink">Receives the events in place; stops by returning false.</param>
    public void Scan<TSink>(ref TSink sink)
        where TSink : struct, IEventSink
    {
        using StoreView view = _engine.OpenView();
        var records = new RecordsToEvents<TSink>(ref sink);
        view.ScanRecords(ScanDirection.Forward, ref records);
    }

    private long Now => _time.GetUtcNow().ToUnixTimeSeconds();

    private void Begin(
        QueryFrame frame,
        IReadOnlyList<Filter> filters,
        EventPosition? after,
        EventVisibility? visibility,
        bool wantsRecords,
        CancellationToken cancellation)
    {
        EntryGuard guard = new(Expiry(frame.View), visibility);
        frame.Execution.Begin(frame.View, filters, after, guard, wantsRecords, _time, cancellation);
    }

    private ExpiryGuard Expiry(StoreView view)
    {
        if (!_options.Policy.HonourExpiration)
        {
            return ExpiryGuard.None;
        }

        long now = Now;
        ExpiryGuard? cached = _expiry;
        if (cached is null || !cached.IsValidFor(view.Lsn, now))
        {
            _expiry = cached = ExpiryGuard.Make(view, now);
        }

        return cached;
    }

    private IEnumerable<NostrEvent> Iterate(
        IReadOnlyList<Filter> filters, EventPosition? after, CancellationToken cancellation)
    {
        using QueryFrame frame = _frames.Open();
        Begin(frame, filters, after, visibility: null, wantsRecords: true, cancellation);
        var copy = default(EventCopy);
        while (frame.Execution.PushNext(ref copy))
        {
            yield return copy.Event!;
        }
    }

    private IEnumerable<NostrEvent> Pull(
        StoreView view, IReadOnlyList<Filter> filters, EventPosition? after, CancellationToken cancellation)
    {
        using var run = QueryExecution.Once(
            view, filters, after, new EntryGuard(Expiry(view)), wantsRecords: true, _time, cancellation);
        var copy = default(EventCopy);
        while (run.PushNext(ref copy))
        {
            yield return copy.Event!;
        }
    }

    private struct EventCopy : IEventSink
    {
        public NostrEvent? Event { get; private set; }

        public bool Accept(in EventView @event)
        {
            Event = NostrEvent.FromView(@event);
            return true;
        }
    }

    private struct EventCounter : IEventSink
    {
        public long Count { get; private set; }

        public bool Accept(in EventView @event)
        {
            Count++;
            return true;
        }
    }

    private readonly ref struct RecordsToEvents<TSink>(ref TSink sink) : IRecordSink
        where TSink : struct, IEventSink
    {
        private readonly ref TSink _sink = ref sink;

        public bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info)
        {
            EventView view = EventView.Open(record);
            return _sink.Accept(view);
        }
    }
}
