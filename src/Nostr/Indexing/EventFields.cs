using System.Buffers.Binary;
using Mortise.Indexing;

namespace Mortise.Nostr;

/// <summary>An event's fields for projections of plugins: <c>content</c>, <c>kind</c>, <c>pubkey</c>, <c>id</c> and
/// <c>#name</c>.</summary>
internal readonly ref struct EventFields : IRecordFields
{
    private readonly EventView _event;
    private readonly ReadOnlySpan<byte> _kind;

    /// <param name="event">The event.</param>
    /// <param name="kind">Room for <see cref="KindBytes"/>, that lives as long.</param>
    public EventFields(EventView @event, Span<byte> kind)
    {
        _event = @event;
        BinaryPrimitives.WriteUInt16BigEndian(kind, (ushort)@event.Kind);
        _kind = kind;
    }

    public const int KindBytes = sizeof(ushort);

    public bool TryGet(ReadOnlySpan<byte> name, int index, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (name.Length > 1 && name[0] == (byte)'#')
        {
            return TryGetTag(name[1..], index, out value);
        }

        if (index != 0)
        {
            return false;
        }

        if (name.SequenceEqual("content"u8))
        {
            value = _event.Content;
        }
        else if (name.SequenceEqual("kind"u8))
        {
            value = _kind;
        }
        else if (name.SequenceEqual("pubkey"u8))
        {
            value = _event.PublicKey;
        }
        else if (name.SequenceEqual("id"u8))
        {
            value = _event.Id;
        }
        else
        {
            return false;
        }

        return true;
    }

    private bool TryGetTag(ReadOnlySpan<byte> name, int index, out ReadOnlySpan<byte> value)
    {
        foreach (TagView tag in _event.Tags)
        {
            if (tag.Count >= 2 && tag[0].EqualsUtf8(name) && index-- == 0)
            {
                value = Text(tag[1]);
                return true;
            }
        }

        value = default;
        return false;
    }

    // Only ids, keys and the like are packed; a plugin seldom asks for those.
    private static ReadOnlySpan<byte> Text(TagValue value)
    {
        if (!value.IsHex)
        {
            return value.Bytes;
        }

        byte[] text = new byte[value.Utf8Length];
        value.CopyUtf8To(text);
        return text;
    }
}
