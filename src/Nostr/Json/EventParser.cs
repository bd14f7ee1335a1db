using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Mortise.Nostr;

/// <summary>Reads one event out of JSON in one pass, into buffers that it keeps for the next.</summary>
/// <remarks>Threads: one at a time; <see cref="EventJson"/> keeps one per thread.</remarks>
internal sealed class EventParser
{
    /// <summary>Buffers larger than this are not kept: one huge event must not pin its size for good.</summary>
    private const int MaxKeptBytes = 1 << 20;

    private const int IdAt = 0;
    private const int PublicKeyAt = 32;
    private const int SignatureAt = 64;

    private readonly byte[] _fixed = new byte[128];
    private byte[] _contentScratch = [];
    private byte[] _scratch = [];
    private TagListWriter _tags = new();

    [Flags]
    private enum Fields
    {
        None = 0,
        Id = 1,
        PubKey = 2,
        CreatedAt = 4,
        Kind = 8,
        Tags = 16,
        Content = 32,
        Sig = 64,
        All = 127,
    }

    internal byte[]? Parse(ReadOnlySpan<byte> utf8, out EventProblem problem)
    {
        int validated = Utf8Length(utf8);
        if (validated < utf8.Length)
        {
            problem = new EventProblem(RejectReason.NotUtf8, validated);
            return null;
        }

        _tags.Clear();
        var cursor = new JsonCursor(utf8);
        byte[]? record = Parse(ref cursor, out problem);
        Trim();
        return record;
    }

    private byte[]? Parse(scoped ref JsonCursor cursor, out EventProblem problem)
    {
        if (cursor.Peek() != (byte)'{')
        {
            problem = new EventProblem(NotAnObject(ref cursor), cursor.Position);
            return null;
        }

        cursor.TryTake((byte)'{');
        Fields seen = Fields.None;
        long createdAt = 0;
        long kind = 0;
        ReadOnlySpan<byte> content = default;
        bool first = true;
        while (cursor.Peek() != (byte)'}' || !first)
        {
            first = false;
            cursor.Peek();
            int nameAt = cursor.Position;
            if (!cursor.TryString(ref _scratch, out ReadOnlySpan<byte> name))
            {
                return Refused(cursor.Reason, cursor.Position, out problem);
            }

            Fields field = FieldNamed(name);
            if ((seen & field) != 0)
            {
                problem = new EventProblem(RejectReason.DuplicateField, nameAt, NameOf(field));
                return null;
            }

            seen |= field;
            if (!cursor.TryTake((byte)':'))
            {
                return Refused(cursor.Reason, cursor.Position, out problem);
            }

            cursor.Peek();
            int valueAt = cursor.Position;
            RejectReason reason = field switch
            {
                Fields.Id => TryHex(ref cursor, IdAt, EventFormat.IdBytes, RejectReason.BadId),
                Fields.PubKey => TryHex(ref cursor, PublicKeyAt, EventFormat.PublicKeyBytes, RejectReason.BadPubKey),
                Fields.Sig => TryHex(ref cursor, SignatureAt, EventFormat.SignatureBytes, RejectReason.BadSig),
                Fields.CreatedAt => cursor.TryInteger(long.MaxValue, out createdAt) ? 0 : RejectReason.BadCreatedAt,
                Fields.Kind => cursor.TryInteger(EventFormat.MaxKind, out kind) ? 0 : RejectReason.BadKind,
                Fields.Tags => TryTags(ref cursor, ref valueAt),
                Fields.Content => TryContent(ref cursor, ref valueAt, out content),
                _ => TrySkip(ref cursor, ref valueAt),
            };
            if (reason != RejectReason.None)
            {
                return Refused(reason, valueAt, out problem);
            }

            if (cursor.Peek() == (byte)'}')
            {
                break;
            }

            if (!cursor.TryTake((byte)','))
            {
                return Refused(cursor.Reason, cursor.Position, out problem);
            }
        }

        int endAt = cursor.Position;
        cursor.TryTake((byte)'}');
        if (!cursor.AtEnd)
        {
            return Refused(RejectReason.NotJson, cursor.Position, out problem);
        }

        if (seen != Fields.All)
        {
            problem = new EventProblem(RejectReason.MissingField, endAt, NameOf(Lowest(Fields.All & ~seen)));
            return null;
        }

        problem = default;
        ReadOnlySpan<byte> parts = _fixed;
        return EventRecord.EncodeValid(
            parts.Slice(IdAt, EventFormat.IdBytes),
            parts.Slice(PublicKeyAt, EventFormat.PublicKeyBytes),
            parts.Slice(SignatureAt, EventFormat.SignatureBytes),
            createdAt,
            (int)kind,
            _tags,
            content);
    }

    private RejectReason NotAnObject(scoped ref JsonCursor cursor) =>
        cursor.TrySkip(ref _scratch, EventJson.MaxDepth) && cursor.AtEnd ? RejectReason.NotAnObject
        : cursor.Reason == RejectReason.TooDeep ? RejectReason.TooDeep
        : RejectReason.NotJson;

    private RejectReason TryHex(scoped ref JsonCursor cursor, int at, int bytes, RejectReason otherwise) =>
        cursor.Peek() == (byte)'"'
        && cursor.TryString(ref _scratch, out ReadOnlySpan<byte> text)
        && LowerHex.TryDecode(text, _fixed.AsSpan(at, bytes))
            ? RejectReason.None
            : otherwise;

    private RejectReason TryContent(scoped ref JsonCursor cursor, scoped ref int at, out ReadOnlySpan<byte> content)
    {
        content = default;
        if (cursor.Peek() != (byte)'"')
        {
            return RejectReason.BadContent;
        }

        if (cursor.TryString(ref _contentScratch, out content))
        {
            return RejectReason.None;
        }

        at = cursor.Position;
        return cursor.Reason;
    }

    private RejectReason TrySkip(scoped ref JsonCursor cursor, scoped ref int at)
    {
        if (cursor.TrySkip(ref _scratch, EventJson.MaxDepth - 1))
        {
            return RejectReason.None;
        }

        at = cursor.Position;
        return cursor.Reason;
    }

    private RejectReason TryTags(scoped ref JsonCursor cursor, scoped ref int at)
    {
        RejectReason reason = TryList(ref cursor, tags: true);
        at = reason == RejectReason.None ? at : cursor.Position;
        return reason;
    }

    /// <summary>Takes an array: of tags, or of the strings of a tag.</summary>
    private RejectReason TryList(scoped ref JsonCursor cursor, bool tags)
    {
        if (cursor.Peek() != (byte)'[')
        {
            return RejectReason.BadTags;
        }

        cursor.TryTake((byte)'[');
        if (cursor.Peek() == (byte)']')
        {
            cursor.TryTake((byte)']');
            return RejectReason.None;
        }

        while (true)
        {
            RejectReason reason = tags ? TryTag(ref cursor) : TryTagValue(ref cursor);
            if (reason != RejectReason.None)
            {
                return reason;
            }

            if (cursor.Peek() == (byte)']')
            {
                cursor.TryTake((byte)']');
                return RejectReason.None;
            }

            if (!cursor.TryTake((byte)','))
            {
                return RejectReason.NotJson;
            }
        }
    }

    private RejectReason TryTag(scoped ref JsonCursor cursor)
    {
        _tags.BeginTag();
        RejectReason reason = TryList(ref cursor, tags: false);
        _tags.EndTag();
        return reason;
    }

    private RejectReason TryTagValue(scoped ref JsonCursor cursor)
    {
        if (cursor.Peek() != (byte)'"')
        {
            return RejectReason.BadTags;
        }

        if (!cursor.TryString(ref _scratch, out ReadOnlySpan<byte> value))
        {
            return cursor.Reason;
        }

        _tags.AddValid(value);
        return RejectReason.None;
    }

    private void Trim()
    {
        if (_contentScratch.Length > MaxKeptBytes)
        {
            _contentScratch = [];
        }

        if (_scratch.Length > MaxKeptBytes)
        {
            _scratch = [];
        }

        if (_tags.Capacity > MaxKeptBytes)
        {
            _tags = new TagListWriter();
        }
    }

    private static byte[]? Refused(RejectReason reason, int at, out EventProblem problem)
    {
        problem = new EventProblem(reason, at);
        return null;
    }

    private static Fields FieldNamed(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("id"u8) ? Fields.Id
        : name.SequenceEqual("pubkey"u8) ? Fields.PubKey
        : name.SequenceEqual("created_at"u8) ? Fields.CreatedAt
        : name.SequenceEqual("kind"u8) ? Fields.Kind
        : name.SequenceEqual("tags"u8) ? Fields.Tags
        : name.SequenceEqual("content"u8) ? Fields.Content
        : name.SequenceEqual("sig"u8) ? Fields.Sig
        : Fields.None;

    private static string NameOf(Fields field) => field switch
    {
        Fields.Id => "id",
        Fields.PubKey => "pubkey",
        Fields.CreatedAt => "created_at",
        Fields.Kind => "kind",
        Fields.Tags => "tags",
        Fields.Content => "content",
        _ => "sig",
    };

    private static Fields Lowest(Fields fields) => fields & (Fields)(-(int)fields);

    /// <summary>Bytes up to the first that is not UTF-8.</summary>
    private static int Utf8Length(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
        {
            return bytes.Length;
        }

        int position = 0;
        while (Rune.DecodeFromUtf8(bytes[position..], out _, out int consumed) == OperationStatus.Done)
        {
            position += consumed;
        }

        return position;
    }
}
