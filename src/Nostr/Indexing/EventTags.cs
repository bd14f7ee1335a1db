using System.Buffers;
using System.Buffers.Text;

namespace Mortise.Nostr;

/// <summary>What the store reads from an event's tags.</summary>
internal static class EventTags
{
    /// <summary>The letter and first value of a tag that filters can ask for; false for any other tag.</summary>
    public static bool TryGetIndexed(in TagView tag, out byte letter, out TagValue value)
    {
        letter = 0;
        value = default;
        if (tag.Count < 2)
        {
            return false;
        }

        TagValue name = tag[0];
        if (name.IsHex || name.Bytes.Length != 1 || !char.IsAsciiLetter((char)name.Bytes[0]))
        {
            return false;
        }

        letter = name.Bytes[0];
        value = tag[1];
        return true;
    }

    /// <summary>The first value of the first tag with that name that has one.</summary>
    public static bool TryFind(in EventView @event, ReadOnlySpan<byte> name, out TagValue value)
    {
        foreach (TagView tag in @event.Tags)
        {
            if (tag.Count >= 2 && tag[0].EqualsUtf8(name))
            {
                value = tag[1];
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>Writes a value as <see cref="IndexedValue"/> lays it out.</summary>
    public static int WriteValue(in TagValue value, Span<byte> to)
    {
        if (!value.IsHex)
        {
            return IndexedValue.Write(value.Bytes, to);
        }

        if (value.Bytes.Length == IdSet.ValueBytes)
        {
            return IndexedValue.WritePacked(value.Bytes, to);
        }

        byte[] text = ArrayPool<byte>.Shared.Rent(value.Utf8Length);
        value.CopyUtf8To(text);
        int written = IndexedValue.Write(text.AsSpan(0, value.Utf8Length), to);
        ArrayPool<byte>.Shared.Return(text);
        return written;
    }

    /// <summary>The 32 bytes of a value that is an id or a public key; false for any other value.</summary>
    public static bool TryGetId(in TagValue value, Span<byte> id)
    {
        if (value.IsHex)
        {
            return value.Bytes.Length == IdSet.ValueBytes && value.Bytes.TryCopyTo(id);
        }

        return LowerHex.TryDecode(value.Bytes, id[..IdSet.ValueBytes]);
    }

    /// <summary>When the event expires, in seconds since 1970; null when it never does (NIP-40). A value that is not a
    /// whole number of seconds is none.</summary>
    public static long? Expiration(in EventView @event)
    {
        if (!TryFind(@event, "expiration"u8, out TagValue value) || value.Utf8Length > 19)
        {
            return null;
        }

        Span<byte> text = stackalloc byte[19];
        value.CopyUtf8To(text);
        text = text[..value.Utf8Length];
        return !text.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && Utf8Parser.TryParse(text, out long seconds, out int used) && used == text.Length ? seconds : null;
    }

    /// <summary>True when the event may not be served any more.</summary>
    public static bool IsExpired(in EventView @event, long now) => Expiration(@event) is long at && at <= now;
}
