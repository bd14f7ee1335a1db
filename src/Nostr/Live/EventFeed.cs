using Mortise.Engine;

namespace Mortise.Nostr;

/// <summary>Tells live subscriptions of new events, on the writer's thread.</summary>
/// <remarks>
/// A subscription takes its view of the stored state and joins the feed under one lock, under which writes are
/// published too. A write is visible to readers before it is published, so each is either in the view, which its LSN
/// tells, or published after the subscription joined: never neither, never both.
/// </remarks>
internal sealed class EventFeed
{
    private readonly Lock _gate = new();
    private EventSubscription[] _subscriptions = [];
    private EventTail[] _tails = [];
    private bool _closed;

    /// <summary>Adds a subscription made from a view that is opened under the lock.</summary>
    public EventSubscription Join(Func<StoreView> openView, Func<StoreView, EventSubscription> make)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(EventStore));
            EventSubscription subscription = make(openView());
            _subscriptions = [.. _subscriptions, subscription];
            return subscription;
        }
    }

    /// <summary>Adds a tail.</summary>
    public EventTail Join(EventTail tail)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(EventStore));
            _tails = [.. _tails, tail];
            return tail;
        }
    }

    /// <summary>Removes a tail; nothing happens when it is gone.</summary>
    public void Leave(EventTail tail)
    {
        lock (_gate)
        {
            _tails = Array.FindAll(_tails, t => t != tail);
        }
    }

    /// <summary>Removes a subscription; nothing happens when it is gone.</summary>
    public void Leave(EventSubscription subscription)
    {
        lock (_gate)
        {
            _subscriptions = Array.FindAll(_subscriptions, s => s != subscription);
        }
    }

    /// <summary>Offers what some writes stored.</summary>
    public void Publish(IReadOnlyList<StoreWrite> writes)
    {
        lock (_gate)
        {
            if (_subscriptions.Length == 0 && _tails.Length == 0)
            {
                return;
            }

            for (int i = 0; i < writes.Count; i++)
            {
                if (writes[i] is EventPut put)
                {
                    Publish(put);
                }
            }
        }
    }

    /// <summary>Ends all subscriptions.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            foreach (EventSubscription subscription in _subscriptions)
            {
                subscription.End();
            }

            foreach (EventTail tail in _tails)
            {
                tail.End();
            }

            _subscriptions = [];
            _tails = [];
        }
    }

    private void Publish(EventPut put)
    {
        for (int i = 0; i < put.Events.Count; i++)
        {
            PutOutcome outcome = put.Results[i].Outcome;
            if (outcome is not (PutOutcome.Stored or PutOutcome.Ephemeral))
            {
                continue;
            }

            var item = new TailItem(put.Events[i], outcome == PutOutcome.Ephemeral ? Lsn.None : put.Lsn);
            foreach (EventTail tail in _tails)
            {
                if (!tail.TryOffer(item))
                {
                    _tails = Array.FindAll(_tails, t => t != tail);
                }
            }

            foreach (EventSubscription subscription in _subscriptions)
            {
                // An ephemeral event is in no view, whatever its batch's LSN.
                if ((outcome == PutOutcome.Ephemeral || put.Lsn > subscription.StoredLsn)
                    && !subscription.TryOffer(put.Events[i]))
                {
                    _subscriptions = Array.FindAll(_subscriptions, s => s != subscription);
                }
            }
        }
    }
}
