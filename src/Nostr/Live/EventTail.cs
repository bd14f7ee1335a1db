using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace Mortise.Nostr;

/// <summary>Every event that is stored or sent on from some moment on, in the order of commits.</summary>
/// <remarks>
/// <para>Threads: one consumer; <see cref="DisposeAsync"/> from any thread.</para>
/// <para>No gap: a consumer that notes a subscription first and opens an <see cref="EventQuery"/> then finds each event
/// in the query (its commit is at most <see cref="EventQuery.Lsn"/>) or here, later.</para>
/// <para>A slow consumer never blocks a writer: when <c>capacity</c> events wait, the tail ends and
/// <see cref="IsOverrun"/> is true.</para>
/// </remarks>
public sealed class EventTail : IAsyncDisposable
{
    private readonly EventFeed _feed;
    private readonly Channel<TailItem> _queue;
    private volatile bool _overrun;

    internal EventTail(EventFeed feed, int capacity)
    {
        _feed = feed;
        _queue = Channel.CreateBounded<TailItem>(new BoundedChannelOptions(capacity) { SingleReader = true });
    }

    /// <summary>True when events were lost because the consumer was too slow.</summary>
    public bool IsOverrun => _overrun;

    /// <summary>Events that wait for the consumer.</summary>
    public int Backlog => _queue.Reader.Count;

    /// <summary>Takes the next event if one waits.</summary>
    public bool TryRead([MaybeNullWhen(false)] out TailItem item) => _queue.Reader.TryRead(out item);

    /// <summary>Waits for an event.</summary>
    /// <returns>False at the end: disposal, the store's closing, or an overrun.</returns>
    public ValueTask<bool> WaitAsync(CancellationToken cancellation = default) =>
        _queue.Reader.WaitToReadAsync(cancellation);

    /// <summary>Ends the tail; what is queued can still be read.</summary>
    public ValueTask DisposeAsync()
    {
        _feed.Leave(this);
        End();
        return ValueTask.CompletedTask;
    }

    internal bool TryOffer(in TailItem item)
    {
        if (_queue.Writer.TryWrite(item))
        {
            return true;
        }

        _overrun = true;
        End();
        return false;
    }

    internal void End() => _queue.Writer.TryComplete();
}
