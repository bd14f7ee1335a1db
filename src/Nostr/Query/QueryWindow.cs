using Mortise.Partitioning;

namespace Mortise.Nostr;

/// <summary>The part of the order that a filter wants: its bounds in time, and what was seen already.</summary>
internal readonly struct QueryWindow
{
    public QueryWindow(Filter filter, EventPosition? after)
    {
        long since = filter.Since ?? 0;
        long until = filter.Until ?? long.MaxValue;
        First = new OrderKey(~(ulong)until, 0);
        LastInvertedTime = ~(ulong)since;
        After = after;
        if (after is not null && after.Order.CompareTo(First) > 0)
        {
            First = after.Order;
            until = after.CreatedAt;
        }

        Ordinals = new OrdinalRange(since, until);
    }

    private QueryWindow(OrderKey first, ulong lastInvertedTime, OrdinalRange ordinals, EventPosition? after)
    {
        First = first;
        LastInvertedTime = lastInvertedTime;
        Ordinals = ordinals;
        After = after;
    }

    /// <summary>The smallest order wanted.</summary>
    public OrderKey First { get; }

    /// <summary>The largest inverted time wanted.</summary>
    public ulong LastInvertedTime { get; }

    /// <summary>The <c>created_at</c> wanted.</summary>
    public OrdinalRange Ordinals { get; }

    /// <summary>Only events behind this one are wanted.</summary>
    public EventPosition? After { get; }

    /// <summary>The part of the window whose times are in a range.</summary>
    public QueryWindow Within(OrdinalRange ordinals)
    {
        long first = Math.Max(ordinals.First, Ordinals.First);
        long last = Math.Min(ordinals.Last, Ordinals.Last);
        OrderKey start = last < Ordinals.Last ? new OrderKey(~(ulong)last, 0) : First;
        return new QueryWindow(start, ~(ulong)first, new OrdinalRange(first, last), After);
    }
}
