using System.Buffers.Binary;
using Mortise.Indexing;

namespace Mortise.Nostr;

/// <summary><c>kind-time</c>: kind (2, big-endian), order (16). One key an event.</summary>
internal sealed class KindTimeProjection()
    : EventProjection("kind-time", LocationPlacement.InKey, sizeof(ushort) + OrderKey.Bytes)
{
    public override void Offer(Filter filter, PathOffers offers)
    {
        if (filter.Kinds is { } kinds && offers.TryBegin(FilterConditions.Kinds, kinds.Count))
        {
            Span<byte> prefix = stackalloc byte[sizeof(ushort)];
            for (int i = 0; i < kinds.Count; i++)
            {
                BinaryPrimitives.WriteUInt16BigEndian(prefix, (ushort)kinds[i]);
                offers.Add(prefix);
            }
        }
    }

    protected override void Project(in EventView @event, Span<byte> key, IKeySink sink)
    {
        BinaryPrimitives.WriteUInt16BigEndian(key, (ushort)@event.Kind);
        EmitOrdered(@event, key, sizeof(ushort), sink);
    }
}
