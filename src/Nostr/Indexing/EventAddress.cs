using System.Buffers.Binary;
using System.Buffers.Text;

namespace Mortise.Nostr;

/// <summary>The address of a replaceable or addressable event as bytes: kind (2, big-endian), public key (32), then the
/// d tag's value as <see cref="IndexedValue"/> lays it out; of a replaceable event the empty value.</summary>
internal static class EventAddress
{
    /// <summary>The longest address, in bytes.</summary>
    public const int MaxBytes = sizeof(ushort) + IdSet.ValueBytes + IndexedValue.MaxBytes;

    private const int HeadBytes = sizeof(ushort) + IdSet.ValueBytes;

    /// <summary>Writes the address of an event.</summary>
    /// <returns>Bytes written; 0 for an event of another kind.</returns>
    public static int Write(in EventView @event, Span<byte> to, out bool hasTag)
    {
        hasTag = false;
        if (EventKinds.IsReplaceable(@event.Kind))
        {
            return Write(@event.Kind, @event.PublicKey, default, to);
        }

        if (!EventKinds.IsAddressable(@event.Kind))
        {
            return 0;
        }

        WriteHead(@event.Kind, @event.PublicKey, to);
        hasTag = EventTags.TryFind(@event, "d"u8, out TagValue value);
        return HeadBytes
            + (hasTag ? EventTags.WriteValue(value, to[HeadBytes..]) : IndexedValue.Write(default, to[HeadBytes..]));
    }

    /// <summary>Writes the address of a kind, a public key and a d tag's value.</summary>
    public static int Write(int kind, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> d, Span<byte> to)
    {
        WriteHead(kind, publicKey, to);
        return HeadBytes + IndexedValue.Write(d, to[HeadBytes..]);
    }

    /// <summary>Writes what comes before the d tag's value.</summary>
    public static int WriteHead(int kind, ReadOnlySpan<byte> publicKey, Span<byte> to)
    {
        BinaryPrimitives.WriteUInt16BigEndian(to, (ushort)kind);
        publicKey[..IdSet.ValueBytes].CopyTo(to[sizeof(ushort)..]);
        return HeadBytes;
    }

    /// <summary>Reads coordinates as an a tag has them, <c>kind:pubkey:d</c>.</summary>
    /// <param name="value">The tag's value.</param>
    /// <param name="to">Receives the address; at least <see cref="MaxBytes"/>.</param>
    /// <param name="publicKey">Receives the public key; 32 bytes.</param>
    /// <returns>Bytes written to <paramref name="to"/>; 0 when the value names no replaceable or addressable event. A
    /// replaceable one has an empty d or none at all.</returns>
    public static int TryRead(in TagValue value, Span<byte> to, Span<byte> publicKey)
    {
        ReadOnlySpan<byte> text = value.Bytes;
        if (value.IsHex
            || !Utf8Parser.TryParse(text, out ushort kind, out int used)
            || (text[0] == (byte)'0' && used > 1) || text[0] == (byte)'+')
        {
            return 0;
        }

        text = text[used..];
        if (text.Length < 1 + 64 || text[0] != (byte)':' || !LowerHex.TryDecode(text.Slice(1, 64), publicKey))
        {
            return 0;
        }

        text = text[(1 + 64)..];
        ReadOnlySpan<byte> d = text.IsEmpty ? text : text[1..];
        bool hasSeparator = !text.IsEmpty && text[0] == (byte)':';
        bool isAddress = EventKinds.IsAddressable(kind)
            ? hasSeparator
            : EventKinds.IsReplaceable(kind) && d.IsEmpty && (text.IsEmpty || hasSeparator);
        return isAddress ? Write(kind, publicKey, d, to) : 0;
    }
}
