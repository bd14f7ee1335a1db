using Mortise.Indexing;

namespace Mortise.Nostr;

/// <summary><c>address</c>: the address of a replaceable or addressable event (36 to 548, see <see
/// cref="EventAddress"/>), role (1), order (16).</summary>
/// <remarks>
/// Role 0: the value is the event's first d tag; role 1: it has none, or needs none, and the value is empty. Together
/// they are the versions of an address. Role 2: a further d tag of an addressable event, which is no part of its
/// address but meets a filter's <c>#d</c>.
/// </remarks>
internal sealed class AddressProjection()
    : EventProjection("address", LocationPlacement.InKey, EventAddress.MaxBytes + 1 + OrderKey.Bytes)
{
    public const byte Tagged = 0;
    public const byte Implied = 1;
    public const byte Further = 2;

    public override void Offer(Filter filter, PathOffers offers)
    {
        if (filter.Authors is not { } authors || filter.Kinds is not { Count: > 0 } kinds)
        {
            return;
        }

        if (AllReplaceable(kinds))
        {
            OfferReplaceable(authors, kinds, offers);
            return;
        }

        foreach (TagCondition tag in filter.TagSpan)
        {
            if (tag.Letter == (byte)'d' && AllAddressable(kinds))
            {
                OfferAddressable(authors, kinds, tag, offers);
            }
        }
    }

    protected override void Project(in EventView @event, Span<byte> key, IKeySink sink)
    {
        int length = EventAddress.Write(@event, key, out bool hasTag);
        if (length == 0)
        {
            return;
        }

        key[length] = hasTag ? Tagged : Implied;
        EmitOrdered(@event, key, length + 1, sink);
        if (!hasTag)
        {
            return;
        }

        bool first = true;
        foreach (TagView tag in @event.Tags)
        {
            if (!EventTags.TryGetIndexed(tag, out byte letter, out TagValue value) || letter != (byte)'d')
            {
                continue;
            }

            if (!first)
            {
                length = EventAddress.WriteHead(@event.Kind, @event.PublicKey, key);
                length += EventTags.WriteValue(value, key[length..]);
                key[length] = Further;
                EmitOrdered(@event, key, length + 1, sink);
            }

            first = false;
        }
    }

    private void OfferReplaceable(IdSet authors, KindSet kinds, PathOffers offers)
    {
        if (!offers.TryBegin(FilterConditions.Authors | FilterConditions.Kinds, (long)authors.Count * kinds.Count))
        {
            return;
        }

        Span<byte> prefix = stackalloc byte[MaxKeyBytes];
        for (int a = 0; a < authors.Count; a++)
        {
            for (int k = 0; k < kinds.Count; k++)
            {
                int length = EventAddress.Write(kinds[k], authors[a], default, prefix);
                prefix[length] = Implied;
                offers.Add(prefix[..(length + 1)]);
            }
        }
    }

    private void OfferAddressable(IdSet authors, KindSet kinds, TagCondition d, PathOffers offers)
    {
        FilterConditions decides =
            FilterConditions.Authors | FilterConditions.Kinds | FilterConditions.Tag((byte)'d');
        if (!offers.TryBegin(decides, 2L * authors.Count * kinds.Count * d.Count))
        {
            return;
        }

        Span<byte> prefix = stackalloc byte[MaxKeyBytes];
        for (int a = 0; a < authors.Count; a++)
        {
            for (int k = 0; k < kinds.Count; k++)
            {
                int head = EventAddress.WriteHead(kinds[k], authors[a], prefix);
                foreach (byte[] value in d.Keys)
                {
                    value.CopyTo(prefix[head..]);
                    prefix[head + value.Length] = Tagged;
                    offers.Add(prefix[..(head + value.Length + 1)]);
                    prefix[head + value.Length] = Further;
                    offers.Add(prefix[..(head + value.Length + 1)]);
                }
            }
        }
    }

    private static bool AllReplaceable(KindSet kinds)
    {
        for (int i = 0; i < kinds.Count; i++)
        {
            if (!EventKinds.IsReplaceable(kinds[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AllAddressable(KindSet kinds)
    {
        for (int i = 0; i < kinds.Count; i++)
        {
            if (!EventKinds.IsAddressable(kinds[i]))
            {
                return false;
            }
        }

        return true;
    }
}
