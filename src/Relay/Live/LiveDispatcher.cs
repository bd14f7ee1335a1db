using System.Buffers;
using Microsoft.Extensions.Logging;
using Mortise.Nostr;

namespace Mortise.Relay;

/// <summary>Carries what the store wrote to the subscriptions that match, off the writer's thread.</summary>
/// <remarks>One task. An event is put into JSON once, however many get it. A reader's slowness is its outbox's
/// business.</remarks>
/// <param name="relay">Whose store is followed.</param>
/// <param name="index">The subscriptions.</param>
/// <param name="log">Told what could not be sent on.</param>
/// <param name="capacity">Events that may wait; when there are more, live events are lost.</param>
internal sealed class LiveDispatcher(
    NostrRelay relay, LiveIndex index, ILogger log, int capacity = LiveDispatcher.Capacity)
{
    private const int Capacity = 1 << 17;
    private const int Comfortable = 1 << 13;

    private readonly Lock _gate = new();
    private EventTail _tail = relay.Store.Tail(capacity);
    private bool _isStopped;

    /// <summary>Events that wait to be dispatched.</summary>
    public int Backlog => _tail.Backlog;

    /// <summary>True when producers should wait a little.</summary>
    public bool IsBehind => Backlog > Comfortable;

    /// <summary>Runs until the store closes or the tail is ended.</summary>
    public async Task RunAsync()
    {
        var matches = new List<Subscription>();
        var json = new ArrayBufferWriter<byte>();
        while (true)
        {
            while (await _tail.WaitAsync().ConfigureAwait(false))
            {
                while (_tail.TryRead(out TailItem item))
                {
                    try
                    {
                        Dispatch(item, matches, json);
                    }
                    catch (Exception e)
                    {
                        // One event that cannot be sent on must not be the last one.
                        log.LogError(e, "event {Id} could not be dispatched", item.Event.Id);
                    }
                }
            }

            lock (_gate)
            {
                // A tail that begins after the stop would never end.
                if (_isStopped || !_tail.IsOverrun || !TryFollowAgain())
                {
                    return;
                }
            }

            // Nobody may believe that nothing happened when something was lost.
            log.LogWarning("live events were lost: more than {Capacity} waited; all subscriptions are closed", capacity);
            relay.Connections.CloseSubscriptions("error: the relay was overrun and lost live events; subscribe again");
        }
    }

    /// <summary>Ends the task.</summary>
    public ValueTask StopAsync()
    {
        lock (_gate)
        {
            _isStopped = true;
            return _tail.DisposeAsync();
        }
    }

    /// <summary>Begins another tail; false when the store has closed, after which nothing comes.</summary>
    private bool TryFollowAgain()
    {
        try
        {
            _tail = relay.Store.Tail(capacity);
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    private void Dispatch(in TailItem item, List<Subscription> matches, ArrayBufferWriter<byte> json)
    {
        EventView view = item.Event.View;
        matches.Clear();
        index.Dispatch(view, matches);
        if (matches.Count == 0)
        {
            return;
        }

        json.ResetWrittenCount();
        EventJson.Write(view, json);
        byte[] text = json.WrittenSpan.ToArray();
        foreach (Subscription subscription in matches)
        {
            if (!subscription.Offer(text, item.Lsn))
            {
                subscription.Connection.End(
                    subscription, "error: too many new events while stored ones were read; subscribe again");
            }
        }
    }
}
