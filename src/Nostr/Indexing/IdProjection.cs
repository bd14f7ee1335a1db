using Mortise.Indexing;

namespace Mortise.Nostr;

/// <summary><c>id</c>: the id (32). One key an event, unique; the location is the value.</summary>
internal sealed class IdProjection() : EventProjection("id", LocationPlacement.InValue, IdSet.ValueBytes)
{
    public override void Offer(Filter filter, PathOffers offers)
    {
        if (filter.Ids is { } ids && offers.TryBegin(FilterConditions.Ids, ids.Count))
        {
            for (int i = 0; i < ids.Count; i++)
            {
                offers.Add(ids[i]);
            }
        }
    }

    protected override void Project(in EventView @event, Span<byte> key, IKeySink sink) =>
        sink.Emit(@event.CreatedAt, @event.Id);
}
