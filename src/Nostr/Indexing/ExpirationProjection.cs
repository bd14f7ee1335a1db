using System.Buffers.Binary;
using Mortise.Indexing;

namespace Mortise.Nostr;

/// <summary><c>expiration</c>: when the event expires (8, big-endian, seconds since 1970), the first 8 bytes of its id.
/// A key for events that expire (NIP-40); what expires first comes first.</summary>
internal sealed class ExpirationProjection() : EventProjection("expiration", LocationPlacement.InKey, KeyBytes)
{
    public const int KeyBytes = 16;

    private const int IdBytes = 8;

    public override void Offer(Filter filter, PathOffers offers)
    {
        // No filter asks for what these keys say.
    }

    /// <summary>The end of the range of keys that have expired at a time.</summary>
    public static void WriteEnd(long now, Span<byte> to) => BinaryPrimitives.WriteInt64BigEndian(to, now + 1);

    public static long ReadTime(ReadOnlySpan<byte> key) => key.Length == KeyBytes
        ? BinaryPrimitives.ReadInt64BigEndian(key)
        : throw new StorageException(
            StorageErrorCode.Corrupt,
            $"expiration key 0x{Convert.ToHexStringLower(key)} has {key.Length} bytes, not {KeyBytes}",
            advice: "rebuild the family with 'mortise doctor --repair'");

    protected override void Project(in EventView @event, Span<byte> key, IKeySink sink)
    {
        if (EventTags.Expiration(@event) is long at)
        {
            BinaryPrimitives.WriteInt64BigEndian(key, at);
            @event.Id[..IdBytes].CopyTo(key[sizeof(long)..]);
            sink.Emit(@event.CreatedAt, key[..KeyBytes]);
        }
    }
}
