using System.Buffers.Binary;

namespace Mortise.Nostr;

/// <summary>The order of results, newest first and then lowest id, as the bytes that end most keys.</summary>
/// <param name="InvertedTime">All bits of <c>created_at</c> inverted, so that newer is smaller.</param>
/// <param name="IdHead">The first 8 bytes of the id as a big-endian number.</param>
/// <remarks>Two events with one order key are told apart by their whole ids, which only their records have.</remarks>
internal readonly record struct OrderKey(ulong InvertedTime, ulong IdHead) : IComparable<OrderKey>
{
    /// <summary>Bytes of the key's end.</summary>
    public const int Bytes = 16;

    /// <summary>Bytes of the part that is time.</summary>
    public const int TimeBytes = 8;

    public long CreatedAt => (long)~InvertedTime;

    public static OrderKey Of(long createdAt, ReadOnlySpan<byte> id) =>
        new(~(ulong)createdAt, BinaryPrimitives.ReadUInt64BigEndian(id));

    /// <summary>The order key at the end of an index key.</summary>
    public static OrderKey Read(ReadOnlySpan<byte> key)
    {
        if (key.Length < Bytes)
        {
            throw new StorageException(
                StorageErrorCode.Corrupt,
                $"index key 0x{Convert.ToHexStringLower(key)} is shorter than its order of {Bytes} bytes",
                advice: "rebuild the family with 'mortise doctor --repair'");
        }

        ReadOnlySpan<byte> end = key[^Bytes..];
        return new OrderKey(
            BinaryPrimitives.ReadUInt64BigEndian(end), BinaryPrimitives.ReadUInt64BigEndian(end[TimeBytes..]));
    }

    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt64BigEndian(to, InvertedTime);
        BinaryPrimitives.WriteUInt64BigEndian(to[TimeBytes..], IdHead);
    }

    public int CompareTo(OrderKey other)
    {
        int comparison = InvertedTime.CompareTo(other.InvertedTime);
        return comparison != 0 ? comparison : IdHead.CompareTo(other.IdHead);
    }
}
