using System.Buffers.Binary;
using Mortise.Nostr;

namespace Mortise.Bench.Workload;

/// <summary>One event of the workload, in place.</summary>
/// <remarks>Its first 64 bytes of payload stand for the signature, and the rest is the content, so that an event of the
/// workload is an event of Nostr in all but the id, which is no hash.</remarks>
internal readonly ref struct WorkloadEvent
{
    private readonly ReadOnlySpan<byte> _body;
    private readonly int _payload;

    private WorkloadEvent(ReadOnlySpan<byte> body, int payload)
    {
        _body = body;
        _payload = payload;
    }

    /// <summary>Checks a body's lengths.</summary>
    /// <exception cref="InvalidDataException">They do not fit.</exception>
    public static WorkloadEvent Open(ReadOnlySpan<byte> body)
    {
        if (body.Length < WorkloadFormat.FixedBodyBytes)
        {
            throw new InvalidDataException($"an event of {body.Length} bytes");
        }

        int tags = BinaryPrimitives.ReadUInt16LittleEndian(body[WorkloadFormat.TagCountOffset..]);
        int payload = BinaryPrimitives.ReadUInt16LittleEndian(body[WorkloadFormat.PayloadLengthOffset..]);
        int at = WorkloadFormat.FixedBodyBytes;
        for (int i = 0; i < tags; i++)
        {
            if (body.Length - at < 2)
            {
                throw new InvalidDataException($"tag {i} begins at byte {at} of {body.Length}");
            }

            at += 2 + body[at + 1];
        }

        return at + payload == body.Length && payload >= WorkloadFormat.SignatureBytes
            ? new WorkloadEvent(body, at)
            : throw new InvalidDataException($"tags end at {at}, {payload} bytes of payload, {body.Length} in all");
    }

    /// <summary>The event as the store keeps it.</summary>
    /// <param name="tags">A scratch list; cleared first.</param>
    /// <param name="turned">Bits that are turned in each byte of the id: another event that says the same.</param>
    public NostrEvent ToEvent(TagListWriter tags, byte turned = 0)
    {
        Span<byte> id = stackalloc byte[WorkloadFormat.KeyBytes];
        _body.Slice(WorkloadFormat.IdOffset, WorkloadFormat.KeyBytes).CopyTo(id);
        for (int i = 0; turned != 0 && i < id.Length; i++)
        {
            id[i] ^= turned;
        }

        tags.Clear();
        Span<byte> hex = stackalloc byte[2 * WorkloadFormat.KeyBytes];
        int at = WorkloadFormat.FixedBodyBytes;
        while (at < _payload)
        {
            ReadOnlySpan<byte> value = _body.Slice(at + 2, _body[at + 1]);
            tags.BeginTag();
            tags.Add(_body.Slice(at, 1));
            if (IsHex(_body[at]))
            {
                Convert.TryToHexStringLower(value, hex, out int written);
                tags.Add(hex[..written]);
            }
            else
            {
                tags.Add(value);
            }

            tags.EndTag();
            at += 2 + value.Length;
        }

        return NostrEvent.FromRecord(EventRecord.Encode(
            id,
            _body.Slice(WorkloadFormat.PublicKeyOffset, WorkloadFormat.KeyBytes),
            _body.Slice(_payload, WorkloadFormat.SignatureBytes),
            BinaryPrimitives.ReadInt64LittleEndian(_body[WorkloadFormat.CreatedAtOffset..]),
            (int)BinaryPrimitives.ReadUInt32LittleEndian(_body[WorkloadFormat.KindOffset..]),
            tags,
            _body[(_payload + WorkloadFormat.SignatureBytes)..]));
    }

    /// <summary>True for tags whose value is 32 raw bytes in the workload and hexadecimal in Nostr.</summary>
    public static bool IsHex(byte tag) => tag is (byte)'e' or (byte)'p';

    /// <summary>Makes the workload's bytes of an event again: what is stored must give back what was given.</summary>
    /// <returns>Bytes written.</returns>
    public static int WriteBody(in EventView @event, Span<byte> to)
    {
        @event.Id.CopyTo(to);
        @event.PublicKey.CopyTo(to[WorkloadFormat.PublicKeyOffset..]);
        BinaryPrimitives.WriteInt64LittleEndian(to[WorkloadFormat.CreatedAtOffset..], @event.CreatedAt);
        BinaryPrimitives.WriteUInt32LittleEndian(to[WorkloadFormat.KindOffset..], (uint)@event.Kind);
        BinaryPrimitives.WriteUInt16LittleEndian(to[WorkloadFormat.TagCountOffset..], (ushort)@event.TagCount);
        int payload = @event.Signature.Length + @event.Content.Length;
        BinaryPrimitives.WriteUInt16LittleEndian(to[WorkloadFormat.PayloadLengthOffset..], (ushort)payload);
        int at = WorkloadFormat.FixedBodyBytes;
        Span<byte> text = stackalloc byte[2 * WorkloadFormat.KeyBytes];
        foreach (TagView tag in @event.Tags)
        {
            tag[0].CopyUtf8To(text);
            to[at] = text[0];
            TagValue value = tag[1];
            int length = value.IsHex ? value.Bytes.Length : value.Utf8Length;
            value.Bytes.CopyTo(to[(at + 2)..]);
            to[at + 1] = (byte)length;
            at += 2 + length;
        }

        @event.Signature.CopyTo(to[at..]);
        @event.Content.CopyTo(to[(at + @event.Signature.Length)..]);
        return at + payload;
    }
}
