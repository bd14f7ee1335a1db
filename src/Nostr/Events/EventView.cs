using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Mortise.Primitives;

namespace Mortise.Nostr;

/// <summary>A stored event, read in place.</summary>
/// <remarks>
/// <para>Role: how everything but the JSON faces sees an event. Opening costs the same for every event and allocates
/// nothing; tags are checked as they are walked.</para>
/// <para>Buffers: a view over the record's bytes; it dies with them.</para>
/// <para>Errors: bytes that contradict the format give <see cref="StorageException"/>, on opening or on walking.</para>
/// </remarks>
public readonly ref struct EventView
{
    private readonly ReadOnlySpan<byte> _tags;
    private readonly int _tagCount;

    private EventView(
        ReadOnlySpan<byte> record,
        int tagCount,
        ReadOnlySpan<byte> tags,
        ReadOnlySpan<byte> content,
        ReadOnlySpan<byte> extensions)
    {
        Record = record;
        _tagCount = tagCount;
        _tags = tags;
        Content = content;
        Extensions = extensions;
    }

    /// <summary>All bytes of the record.</summary>
    public ReadOnlySpan<byte> Record { get; }

    /// <summary>The event's id, 32 bytes.</summary>
    public ReadOnlySpan<byte> Id => Record.Slice(EventFormat.IdOffset, EventFormat.IdBytes);

    /// <summary>The author's x-only public key, 32 bytes.</summary>
    public ReadOnlySpan<byte> PublicKey => Record.Slice(EventFormat.PublicKeyOffset, EventFormat.PublicKeyBytes);

    /// <summary>The author's BIP-340 signature of the id, 64 bytes.</summary>
    public ReadOnlySpan<byte> Signature => Record.Slice(EventFormat.SignatureOffset, EventFormat.SignatureBytes);

    /// <summary>Seconds since 1970 as the author claims, 0 or more.</summary>
    public long CreatedAt => BinaryPrimitives.ReadInt64LittleEndian(Record[EventFormat.CreatedAtOffset..]);

    /// <summary>0 to 65535.</summary>
    public int Kind => BinaryPrimitives.ReadUInt16LittleEndian(Record[EventFormat.KindOffset..]);

    /// <summary>The content in UTF-8, unescaped.</summary>
    public ReadOnlySpan<byte> Content { get; }

    /// <summary>Tags, 0 or more.</summary>
    public int TagCount => _tagCount;

    /// <summary>The tags in order.</summary>
    public TagList Tags => new(_tagCount, _tags);

    /// <summary>Fields that the record carries besides the signed event, encoded; empty in most records.</summary>
    public ReadOnlySpan<byte> Extensions { get; }

    /// <summary>The tags in their stored encoding: equal tags have equal bytes.</summary>
    internal ReadOnlySpan<byte> TagBytes => _tags;

    /// <summary>Opens a record. Costs the same for every record.</summary>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Corrupt"/> when the bytes are not a record;
    /// <see cref="StorageErrorCode.FormatTooNew"/> when a newer version wrote it.</exception>
    public static EventView Open(ReadOnlySpan<byte> record)
    {
        if (!TryOpenParts(record, out EventView view, out string? fact))
        {
            throw record.Length > 0 && record[0] > EventFormat.Version
                ? new StorageException(
                    StorageErrorCode.FormatTooNew,
                    $"event record of format {record[0]}; this version reads {EventFormat.Version}",
                    advice: "open the store with the version that wrote it, or a newer one")
                : EventFormat.Corrupt(fact);
        }

        return view;
    }

    /// <summary>Opens a record from untrusted bytes, checking all of it: nothing that is done with the view afterwards
    /// throws.</summary>
    /// <param name="record">Any bytes.</param>
    /// <param name="view">The event; the default value on failure, not to be used.</param>
    /// <returns>False when the bytes are not the one encoding of an event.</returns>
    public static bool TryOpen(ReadOnlySpan<byte> record, out EventView view) => TryOpen(record, out view, out _);

    /// <summary>As <see cref="TryOpen(ReadOnlySpan{byte}, out EventView)"/>, and says what is wrong.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> record, out EventView view, [NotNullWhen(false)] out string? fact)
    {
        if (TryOpenParts(record, out view, out fact))
        {
            fact = EventRecordCheck.FindProblem(view);
            if (fact is null)
            {
                return true;
            }
        }

        view = default;
        return false;
    }

    /// <summary>Finds an extension field.</summary>
    /// <param name="type">The field's number, 1 or more.</param>
    /// <param name="value">Its bytes; empty when it is not there.</param>
    public bool TryGetExtension(int type, out ReadOnlySpan<byte> value)
    {
        int position = 0;
        while (position < Extensions.Length)
        {
            ulong found = TagCodec.ReadVarint(Extensions, ref position);
            ulong length = TagCodec.ReadVarint(Extensions, ref position);
            if (length > (ulong)(Extensions.Length - position))
            {
                throw EventFormat.Corrupt(
                    $"an extension of {length} bytes where {Extensions.Length - position} are left");
            }

            if (found == (ulong)type)
            {
                value = Extensions.Slice(position, (int)length);
                return true;
            }

            position += (int)length;
        }

        value = default;
        return false;
    }

    private static bool TryOpenParts(
        ReadOnlySpan<byte> record, out EventView view, [NotNullWhen(false)] out string? fact)
    {
        view = default;
        fact = record.Length < EventFormat.MinRecordBytes
                ? $"{record.Length} bytes; the shortest record has {EventFormat.MinRecordBytes}"
            : record[EventFormat.VersionOffset] != EventFormat.Version
                ? $"format {record[EventFormat.VersionOffset]}, expected {EventFormat.Version}"
            : (record[EventFormat.FlagsOffset] & ~EventFormat.KnownFlags) != 0
                ? $"flags 0x{record[EventFormat.FlagsOffset]:x2} that this version does not know"
            : BinaryPrimitives.ReadInt64LittleEndian(record[EventFormat.CreatedAtOffset..]) < 0
                ? "a negative time"
            : null;
        if (fact is not null)
        {
            return false;
        }

        int position = EventFormat.FixedBytes;
        if (!TryReadLength(record, ref position, out int tagCount)
            || !TryReadLength(record, ref position, out int tagBytes)
            || !TryReadLength(record, ref position, out int contentBytes))
        {
            fact = "a length is missing or larger than the record";
            return false;
        }

        long left = (long)record.Length - position - tagBytes - contentBytes;
        bool extended = (record[EventFormat.FlagsOffset] & EventFormat.FlagExtensions) != 0;
        fact = left < 0 ? $"tags and content are {-left} bytes longer than the record"
            : tagCount > tagBytes ? $"{tagCount} tags in {tagBytes} bytes"
            : extended && left == 0 ? "extensions are announced and missing"
            : !extended && left > 0 ? $"{left} bytes after the content"
            : null;
        if (fact is not null)
        {
            return false;
        }

        int contentStart = position + tagBytes;
        int contentEnd = contentStart + contentBytes;
        view = new EventView(
            record,
            tagCount,
            record[position..contentStart],
            record[contentStart..contentEnd],
            record[contentEnd..]);
        return true;
    }

    private static bool TryReadLength(ReadOnlySpan<byte> record, ref int position, out int length)
    {
        int read = Varint.TryRead(record[position..], out ulong value);
        position += read;
        length = (int)Math.Min(value, int.MaxValue);
        return read > 0 && value <= (ulong)record.Length;
    }
}
