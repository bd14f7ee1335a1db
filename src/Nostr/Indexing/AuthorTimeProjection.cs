using Mortise.Indexing;

namespace Mortise.Nostr;

/// <summary><c>author-time</c>: public key (32), order (16). One key an event.</summary>
internal sealed class AuthorTimeProjection()
    : EventProjection("author-time", LocationPlacement.InKey, IdSet.ValueBytes + OrderKey.Bytes)
{
    public override void Offer(Filter filter, PathOffers offers)
    {
        if (filter.Authors is { } authors && offers.TryBegin(FilterConditions.Authors, authors.Count))
        {
            for (int i = 0; i < authors.Count; i++)
            {
                offers.Add(authors[i]);
            }
        }
    }

    protected override void Project(in EventView @event, Span<byte> key, IKeySink sink)
    {
        @event.PublicKey.CopyTo(key);
        EmitOrdered(@event, key, IdSet.ValueBytes, sink);
    }
}
