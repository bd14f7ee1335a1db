using System.Buffers.Binary;
using System.Text.Unicode;
using Mortise.Primitives;

namespace Mortise.Nostr;

/// <summary>Writes the stored encoding of an event: compact, versioned, extensible, and faithful to every byte that was
/// signed.</summary>
/// <remarks>An event has one encoding, up to its extensions: equal events have equal records. FORMAT.md beside this
/// file says every byte.</remarks>
public static class EventRecord
{
    /// <summary>Bytes that a record has besides its tags and content, at most, without extensions.</summary>
    public const int MaxOverheadBytes = EventFormat.FixedBytes + 3 * 5;

    /// <summary>Encodes an event.</summary>
    /// <param name="id">32 bytes.</param>
    /// <param name="publicKey">32 bytes.</param>
    /// <param name="signature">64 bytes.</param>
    /// <param name="createdAt">Seconds since 1970, 0 or more.</param>
    /// <param name="kind">0 to 65535.</param>
    /// <param name="tags">The tags.</param>
    /// <param name="content">Valid UTF-8.</param>
    /// <returns>The record. Whether id and signature fit the rest is not checked here.</returns>
    /// <exception cref="ArgumentException">A value is out of its bounds.</exception>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.LimitExceeded"/>: beyond 2 GB.</exception>
    public static byte[] Encode(
        ReadOnlySpan<byte> id,
        ReadOnlySpan<byte> publicKey,
        ReadOnlySpan<byte> signature,
        long createdAt,
        int kind,
        TagListWriter tags,
        ReadOnlySpan<byte> content)
    {
        ArgumentNullException.ThrowIfNull(tags);
        CheckLength(id, EventFormat.IdBytes, nameof(id));
        CheckLength(publicKey, EventFormat.PublicKeyBytes, nameof(publicKey));
        CheckLength(signature, EventFormat.SignatureBytes, nameof(signature));
        ArgumentOutOfRangeException.ThrowIfNegative(createdAt);
        ArgumentOutOfRangeException.ThrowIfNegative(kind);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(kind, EventFormat.MaxKind);
        if (!Utf8.IsValid(content))
        {
            throw new ArgumentException("not UTF-8", nameof(content));
        }

        return EncodeValid(id, publicKey, signature, createdAt, kind, tags, content);
    }

    /// <summary>Adds an extension field to a record, or replaces it; the event itself and all other fields
    /// stay.</summary>
    /// <param name="record">A record.</param>
    /// <param name="type">The field's number, 1 or more. A field must never change what the event means: a reader that
    /// does not know it, skips it.</param>
    /// <param name="value">Any bytes.</param>
    /// <returns>A new record.</returns>
    /// <exception cref="StorageException"><paramref name="record"/> is not a record.</exception>
    public static byte[] WithExtension(ReadOnlySpan<byte> record, int type, ReadOnlySpan<byte> value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(type, EventFormat.MinExtensionType);
        EventView view = EventView.Open(record);
        ReadOnlySpan<byte> fields = view.Extensions;
        int eventBytes = record.Length - fields.Length;
        Span<byte> head = stackalloc byte[2 * Varint.MaxBytes];
        int headBytes = Varint.Write(head, (ulong)type);
        headBytes += Varint.Write(head[headBytes..], (ulong)value.Length);

        // Fields are in the order of their numbers: find where the new one goes, and what it replaces.
        int before = 0;
        int after = 0;
        while (after < fields.Length)
        {
            int position = after;
            ulong found = TagCodec.ReadVarint(fields, ref position);
            TagCodec.SkipBytes(fields, ref position);
            if (found > (ulong)type)
            {
                break;
            }

            before = found < (ulong)type ? position : before;
            after = position;
        }

        byte[] extended =
        [
            .. record[..eventBytes],
            .. fields[..before],
            .. head[..headBytes],
            .. value,
            .. fields[after..],
        ];
        extended[EventFormat.FlagsOffset] |= EventFormat.FlagExtensions;
        return extended;
    }

    /// <summary>As <see cref="Encode"/>, for parts that were checked already.</summary>
    internal static byte[] EncodeValid(
        ReadOnlySpan<byte> id,
        ReadOnlySpan<byte> publicKey,
        ReadOnlySpan<byte> signature,
        long createdAt,
        int kind,
        TagListWriter tags,
        ReadOnlySpan<byte> content)
    {
        ReadOnlySpan<byte> tagBytes = tags.Encoded;
        long length = (long)EventFormat.FixedBytes
            + Varint.Size((ulong)tags.Count) + Varint.Size((ulong)tagBytes.Length) + Varint.Size((ulong)content.Length)
            + tagBytes.Length + content.Length;
        if (length > Array.MaxLength)
        {
            throw new StorageException(
                StorageErrorCode.LimitExceeded, $"an event record of {length} bytes; at most {Array.MaxLength}");
        }

        byte[] record = GC.AllocateUninitializedArray<byte>((int)length);
        Span<byte> to = record;
        to[EventFormat.VersionOffset] = EventFormat.Version;
        to[EventFormat.FlagsOffset] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(to[EventFormat.KindOffset..], (ushort)kind);
        BinaryPrimitives.WriteInt64LittleEndian(to[EventFormat.CreatedAtOffset..], createdAt);
        id.CopyTo(to[EventFormat.IdOffset..]);
        publicKey.CopyTo(to[EventFormat.PublicKeyOffset..]);
        signature.CopyTo(to[EventFormat.SignatureOffset..]);
        to = to[EventFormat.FixedBytes..];
        to = to[Varint.Write(to, (ulong)tags.Count)..];
        to = to[Varint.Write(to, (ulong)tagBytes.Length)..];
        to = to[Varint.Write(to, (ulong)content.Length)..];
        tagBytes.CopyTo(to);
        content.CopyTo(to[tagBytes.Length..]);
        return record;
    }

    private static void CheckLength(ReadOnlySpan<byte> bytes, int expected, string name)
    {
        if (bytes.Length != expected)
        {
            throw new ArgumentException($"{bytes.Length} bytes; expected {expected}", name);
        }
    }
}
