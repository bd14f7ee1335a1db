using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Mortise.Engine;

namespace Mortise.Nostr;

/// <summary>The events that match some filters: first those that are stored, then each new one, exactly once.</summary>
/// <remarks>
/// <para>Threads: one consumer calls <see cref="ReadAllAsync"/>, once; <see cref="DisposeAsync"/> from any
/// thread.</para>
/// <para>A slow consumer never blocks a writer: live events wait in a bounded queue, and when it is full the
/// subscription ends with <see cref="SubscriptionItemKind.Overrun"/> behind what was queued. A filter's limit counts
/// stored events only.</para>
/// <para>Memory: the queue, and a view of the stored state until the stored events are handed out.</para>
/// </remarks>
public sealed class EventSubscription : IAsyncDisposable
{
    private readonly EventFeed _feed;
    private readonly EventMatcher _matcher;
    private readonly Func<StoreView, IEnumerable<NostrEvent>> _query;
    private readonly Channel<NostrEvent> _queue;
    private StoreView? _view;
    private volatile bool _overrun;
    private int _reading;

    internal EventSubscription(
        EventFeed feed,
        EventMatcher matcher,
        StoreView view,
        Func<StoreView, IEnumerable<NostrEvent>> query,
        int capacity)
    {
        _feed = feed;
        _matcher = matcher;
        _view = view;
        _query = query;
        StoredLsn = view.Lsn;
        _queue = Channel.CreateBounded<NostrEvent>(new BoundedChannelOptions(capacity) { SingleReader = true });
    }

    /// <summary>The last commit whose events are handed out as stored ones.</summary>
    public Lsn StoredLsn { get; }

    /// <summary>Reads the subscription to its end: its disposal, the store's, or an overrun.</summary>
    /// <param name="cancellation">Stops reading with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="InvalidOperationException">It is read already.</exception>
    public async IAsyncEnumerable<SubscriptionItem> ReadAllAsync(
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        if (Interlocked.Exchange(ref _reading, 1) != 0)
        {
            throw new InvalidOperationException("a subscription can be read once");
        }

        using (StoreView? view = Interlocked.Exchange(ref _view, null))
        {
            if (view is not null)
            {
                foreach (NostrEvent stored in _query(view))
                {
                    cancellation.ThrowIfCancellationRequested();
                    yield return new SubscriptionItem(SubscriptionItemKind.Stored, stored);
                }
            }
        }

        yield return new SubscriptionItem(SubscriptionItemKind.StoredEnd, null);
        await foreach (NostrEvent live in _queue.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
        {
            yield return new SubscriptionItem(SubscriptionItemKind.Live, live);
        }

        if (_overrun)
        {
            yield return new SubscriptionItem(SubscriptionItemKind.Overrun, null);
        }
    }

    /// <summary>Ends the subscription; a reader gets what was queued.</summary>
    public ValueTask DisposeAsync()
    {
        _feed.Leave(this);
        End();
        return ValueTask.CompletedTask;
    }

    /// <summary>Queues an event if it matches.</summary>
    /// <returns>False when the queue is full; then the subscription has ended.</returns>
    internal bool TryOffer(NostrEvent @event)
    {
        if (!_matcher.Matches(@event.View) || _queue.Writer.TryWrite(@event))
        {
            return true;
        }

        _overrun = true;
        End();
        return false;
    }

    internal void End()
    {
        _queue.Writer.TryComplete();
        Interlocked.Exchange(ref _view, null)?.Dispose();
    }
}
