using System.Buffers.Binary;
using Mortise.Indexing;

namespace Mortise.Nostr;

/// <summary><c>author-kind-time</c>: public key (32), kind (2, big-endian), order (16). One key an event.</summary>
internal sealed class AuthorKindTimeProjection()
    : EventProjection("author-kind-time", LocationPlacement.InKey, PrefixBytes + OrderKey.Bytes)
{
    private const int PrefixBytes = IdSet.ValueBytes + sizeof(ushort);

    public override void Offer(Filter filter, PathOffers offers)
    {
        if (filter.Authors is not { } authors || filter.Kinds is not { } kinds
            || !offers.TryBegin(FilterConditions.Authors | FilterConditions.Kinds, (long)authors.Count * kinds.Count))
        {
            return;
        }

        Span<byte> prefix = stackalloc byte[PrefixBytes];
        for (int a = 0; a < authors.Count; a++)
        {
            for (int k = 0; k < kinds.Count; k++)
            {
                Write(authors[a], kinds[k], prefix);
                offers.Add(prefix);
            }
        }
    }

    protected override void Project(in EventView @event, Span<byte> key, IKeySink sink)
    {
        Write(@event.PublicKey, @event.Kind, key);
        EmitOrdered(@event, key, PrefixBytes, sink);
    }

    private static void Write(ReadOnlySpan<byte> author, int kind, Span<byte> to)
    {
        author.CopyTo(to);
        BinaryPrimitives.WriteUInt16BigEndian(to[IdSet.ValueBytes..], (ushort)kind);
    }
}
