namespace Mortise.Nostr;

/// <summary>Reads what requests of kind 5 and 62 are about.</summary>
internal sealed class DeletionTargets
{
    private readonly byte[][] _relays;

    /// <param name="relayUrls">The URLs of this store.</param>
    public DeletionTargets(IReadOnlyList<string> relayUrls)
    {
        _relays = new byte[relayUrls.Count + 1][];
        _relays[0] = RelayName.All.ToArray();
        for (int i = 0; i < relayUrls.Count; i++)
        {
            _relays[i + 1] = RelayName.Normalize(relayUrls[i]);
        }
    }

    /// <summary>The normalized names by which a request to vanish means this store.</summary>
    public IReadOnlyList<byte[]> RelayNames => _relays;

    /// <summary>True when a request to vanish means this store.</summary>
    public bool NamesThisStore(in EventView request)
    {
        foreach (TagView tag in request.Tags)
        {
            if (tag.Count >= 2 && tag[0].EqualsUtf8("relay"u8))
            {
                byte[] relay = RelayName.Normalize(tag[1]);
                if (Array.Exists(_relays, r => r.AsSpan().SequenceEqual(relay)))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>The ids that a deletion request names, once each.</summary>
    public static IReadOnlyCollection<Id32> Ids(in EventView request)
    {
        var ids = new HashSet<Id32>();
        Span<byte> id = stackalloc byte[IdSet.ValueBytes];
        foreach (TagView tag in request.Tags)
        {
            if (EventTags.TryGetIndexed(tag, out byte letter, out TagValue value)
                && letter == (byte)'e'
                && EventTags.TryGetId(value, id))
            {
                ids.Add(Id32.Read(id));
            }
        }

        return ids;
    }

    /// <summary>The addresses of the author's own that a deletion request names.</summary>
    public static IReadOnlyCollection<byte[]> Addresses(in EventView request)
    {
        var addresses = new List<byte[]>();
        Span<byte> author = stackalloc byte[IdSet.ValueBytes];
        Span<byte> address = stackalloc byte[EventAddress.MaxBytes];
        foreach (TagView tag in request.Tags)
        {
            if (EventTags.TryGetIndexed(tag, out byte letter, out TagValue value)
                && letter == (byte)'a'
                && EventAddress.TryRead(value, address, author) is int length and > 0
                && author.SequenceEqual(request.PublicKey))
            {
                addresses.Add(address[..length].ToArray());
            }
        }

        return addresses;
    }
}
