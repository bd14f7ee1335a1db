using Mortise.Indexing;

namespace Mortise.Nostr;

/// <summary><c>deletion</c>: what an author has asked to be deleted, and stays so.</summary>
/// <remarks>
/// <para>Of kind 5 (NIP-09): 1, target id (32), author (32), order (16) for each e tag; 2, address (36 to 548, see
/// <see cref="EventAddress"/>), order (16) for each a tag of the author's own.</para>
/// <para>Of kind 62 (NIP-62): 3, author (32), relay (2 to 514, see <see cref="IndexedValue"/>), order (16) for each
/// relay tag, the relay's ASCII letters in lower case and slashes at its end cut.</para>
/// <para>The order makes the newest request the first of its prefix.</para>
/// </remarks>
internal sealed class DeletionProjection() : EventProjection(
    "deletion", LocationPlacement.InKey, 1 + IdSet.ValueBytes + IndexedValue.MaxBytes + 2 + OrderKey.Bytes)
{
    public const byte ById = 1;
    public const byte ByAddress = 2;
    public const byte ByAuthor = 3;

    /// <summary>The longest prefix, in bytes.</summary>
    public const int MaxPrefixBytes = 1 + EventAddress.MaxBytes;

    public override void Offer(Filter filter, PathOffers offers)
    {
        // No filter asks for what these keys say.
    }

    public static int WriteById(ReadOnlySpan<byte> target, ReadOnlySpan<byte> author, Span<byte> to)
    {
        to[0] = ById;
        target.CopyTo(to[1..]);
        author.CopyTo(to[(1 + IdSet.ValueBytes)..]);
        return 1 + (2 * IdSet.ValueBytes);
    }

    public static int WriteByAddress(ReadOnlySpan<byte> address, Span<byte> to)
    {
        to[0] = ByAddress;
        address.CopyTo(to[1..]);
        return 1 + address.Length;
    }

    public static int WriteByAuthor(ReadOnlySpan<byte> author, ReadOnlySpan<byte> relay, Span<byte> to)
    {
        to[0] = ByAuthor;
        author.CopyTo(to[1..]);
        return 1 + IdSet.ValueBytes + IndexedValue.Write(relay, to[(1 + IdSet.ValueBytes)..]);
    }

    protected override void Project(in EventView @event, Span<byte> key, IKeySink sink)
    {
        if (@event.Kind == EventKinds.Deletion)
        {
            ProjectDeletion(@event, key, sink);
        }
        else if (@event.Kind == EventKinds.Vanish)
        {
            ProjectVanish(@event, key, sink);
        }
    }

    private static void ProjectDeletion(in EventView @event, Span<byte> key, IKeySink sink)
    {
        Span<byte> id = stackalloc byte[IdSet.ValueBytes];
        Span<byte> address = stackalloc byte[EventAddress.MaxBytes];
        foreach (TagView tag in @event.Tags)
        {
            if (!EventTags.TryGetIndexed(tag, out byte letter, out TagValue value))
            {
                continue;
            }

            if (letter == (byte)'e' && EventTags.TryGetId(value, id))
            {
                EmitOrdered(@event, key, WriteById(id, @event.PublicKey, key), sink);
            }
            else if (letter == (byte)'a'
                && EventAddress.TryRead(value, address, id) is int length and > 0
                && id.SequenceEqual(@event.PublicKey))
            {
                EmitOrdered(@event, key, WriteByAddress(address[..length], key), sink);
            }
        }
    }

    private static void ProjectVanish(in EventView @event, Span<byte> key, IKeySink sink)
    {
        foreach (TagView tag in @event.Tags)
        {
            if (tag.Count >= 2 && tag[0].EqualsUtf8("relay"u8))
            {
                byte[] relay = RelayName.Normalize(tag[1]);
                EmitOrdered(@event, key, WriteByAuthor(@event.PublicKey, relay, key), sink);
            }
        }
    }
}
