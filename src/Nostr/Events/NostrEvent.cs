using System.Buffers;
using System.Text;

namespace Mortise.Nostr;

/// <summary>An event that owns its bytes. Immutable.</summary>
/// <remarks>The properties that give strings or arrays make them anew each time; hot paths use
/// <see cref="View"/>.</remarks>
public sealed class NostrEvent
{
    private readonly byte[] _record;

    /// <summary>Takes over a record that was just encoded or checked.</summary>
    internal NostrEvent(byte[] record) => _record = record;

    /// <summary>The stored encoding.</summary>
    public ReadOnlyMemory<byte> Record => _record;

    /// <summary>The event, in place.</summary>
    public EventView View => EventView.Open(_record);

    /// <summary>The id, 64 hexadecimal digits.</summary>
    public string Id => Convert.ToHexStringLower(View.Id);

    /// <summary>The author, 64 hexadecimal digits.</summary>
    public string PubKey => Convert.ToHexStringLower(View.PublicKey);

    /// <summary>The signature, 128 hexadecimal digits.</summary>
    public string Sig => Convert.ToHexStringLower(View.Signature);

    /// <summary>Seconds since 1970 as the author claims.</summary>
    public long CreatedAt => View.CreatedAt;

    /// <summary>0 to 65535.</summary>
    public int Kind => View.Kind;

    /// <summary>The content.</summary>
    public string Content => Encoding.UTF8.GetString(View.Content);

    /// <summary>Copies and checks a record.</summary>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Corrupt"/> or
    /// <see cref="StorageErrorCode.FormatTooNew"/>.</exception>
    public static NostrEvent FromRecord(ReadOnlySpan<byte> record)
    {
        if (!EventView.TryOpen(record, out _, out string? fact))
        {
            EventView.Open(record);
            throw EventFormat.Corrupt(fact);
        }

        return new NostrEvent(record.ToArray());
    }

    /// <summary>Copies the event of a view.</summary>
    public static NostrEvent FromView(EventView view) => new(view.Record.ToArray());

    /// <summary>Makes an event with the right id and a signature of zeros: for drafts and tests.</summary>
    /// <param name="publicKey">32 bytes.</param>
    /// <param name="createdAt">Seconds since 1970, 0 or more.</param>
    /// <param name="kind">0 to 65535.</param>
    /// <param name="content">The content.</param>
    /// <param name="tags">The tags.</param>
    /// <exception cref="ArgumentException">A value is out of its bounds, or text has a lone surrogate.</exception>
    public static NostrEvent CreateUnsigned(
        ReadOnlySpan<byte> publicKey, long createdAt, int kind, string content, params ReadOnlySpan<string[]> tags)
    {
        var writer = new TagListWriter();
        foreach (string[] tag in tags)
        {
            writer.AddTag(tag);
        }

        return new NostrEvent(Draft(publicKey, createdAt, kind, writer, StrictUtf8.GetBytes(content)));
    }

    /// <summary>Makes and signs an event, with no auxiliary randomness: the same parts give the same event.</summary>
    /// <param name="secretKey">32 bytes, from 1 to the group's order less 1.</param>
    /// <param name="createdAt">Seconds since 1970, 0 or more.</param>
    /// <param name="kind">0 to 65535.</param>
    /// <param name="content">The content.</param>
    /// <param name="tags">The tags.</param>
    /// <exception cref="ArgumentException">A value is out of its bounds, or text has a lone surrogate.</exception>
    public static NostrEvent CreateSigned(
        ReadOnlySpan<byte> secretKey, long createdAt, int kind, string content, params ReadOnlySpan<string[]> tags)
    {
        var writer = new TagListWriter();
        foreach (string[] tag in tags)
        {
            writer.AddTag(tag);
        }

        Span<byte> publicKey = stackalloc byte[Schnorr.KeyBytes];
        Schnorr.Default.GetPublicKey(secretKey, publicKey);
        return CreateSigned(Schnorr.Default, secretKey, publicKey, createdAt, kind, writer, content);
    }

    internal static NostrEvent CreateSigned(
        Schnorr schnorr,
        ReadOnlySpan<byte> secretKey,
        ReadOnlySpan<byte> publicKey,
        long createdAt,
        int kind,
        TagListWriter tags,
        string content)
    {
        byte[] record = Draft(publicKey, createdAt, kind, tags, StrictUtf8.GetBytes(content));
        Span<byte> auxiliary = stackalloc byte[Schnorr.KeyBytes];
        auxiliary.Clear();
        schnorr.Sign(
            secretKey,
            record.AsSpan(EventFormat.IdOffset, EventFormat.IdBytes),
            auxiliary,
            record.AsSpan(EventFormat.SignatureOffset, EventFormat.SignatureBytes));
        return new NostrEvent(record);
    }

    /// <summary>Encodes an event without signature, computes its id, and puts it in.</summary>
    internal static byte[] Draft(
        ReadOnlySpan<byte> publicKey, long createdAt, int kind, TagListWriter tags, ReadOnlySpan<byte> content)
    {
        Span<byte> zeros = stackalloc byte[EventFormat.SignatureBytes];
        zeros.Clear();
        byte[] record = EventRecord.Encode(zeros[..EventId.Bytes], publicKey, zeros, createdAt, kind, tags, content);
        EventId.Compute(EventView.Open(record), record.AsSpan(EventFormat.IdOffset, EventFormat.IdBytes));
        return record;
    }

    /// <summary>Copies the tags into arrays of strings.</summary>
    public string[][] GetTags()
    {
        EventView view = View;
        string[][] tags = new string[view.TagCount][];
        int t = 0;
        foreach (TagView tag in view.Tags)
        {
            string[] values = new string[tag.Count];
            int v = 0;
            foreach (TagValue value in tag)
            {
                values[v++] = value.ToString();
            }

            tags[t++] = values;
        }

        return tags;
    }

    /// <summary>The event as JSON.</summary>
    public string ToJson()
    {
        var output = new ArrayBufferWriter<byte>();
        EventJson.Write(View, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>As <see cref="ToJson"/>.</summary>
    public override string ToString() => ToJson();
}
