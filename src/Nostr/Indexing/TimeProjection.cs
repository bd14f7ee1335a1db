using Mortise.Indexing;

namespace Mortise.Nostr;

/// <summary><c>time</c>: the order alone (16). One key an event: all events, newest first.</summary>
internal sealed class TimeProjection() : EventProjection("time", LocationPlacement.InKey, OrderKey.Bytes)
{
    public override void Offer(Filter filter, PathOffers offers)
    {
        if (offers.TryBegin(FilterConditions.None, 1))
        {
            offers.Add(default);
        }
    }

    protected override void Project(in EventView @event, Span<byte> key, IKeySink sink) =>
        EmitOrdered(@event, key, 0, sink);
}
