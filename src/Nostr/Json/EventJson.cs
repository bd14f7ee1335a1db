using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Mortise.Nostr;

/// <summary>Events as NIP-01 JSON.</summary>
public static class EventJson
{
    /// <summary>Brackets within brackets that are followed, in fields that are not ours; ours nest three
    /// deep.</summary>
    public const int MaxDepth = 64;

    [ThreadStatic]
    private static EventParser? s_parser;

    /// <summary>Reads one event. Strict, in one pass, and never throws because of the bytes.</summary>
    /// <remarks>
    /// White space around the object is fine. Fields that NIP-01 does not know are skipped; the seven that it knows
    /// must be there once each. Numbers must be whole and in bounds as written: no sign, fraction or exponent. Whether
    /// id and signature fit is not checked here: see <see cref="EventVerifier"/>.
    /// </remarks>
    /// <param name="utf8">One JSON object.</param>
    /// <param name="parsed">The event.</param>
    /// <param name="problem">What is wrong, and where, on failure.</param>
    public static bool TryParse(
        ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out NostrEvent? parsed, out EventProblem problem)
    {
        byte[]? record = (s_parser ??= new EventParser()).Parse(utf8, out problem);
        parsed = record is null ? null : new NostrEvent(record);
        return record is not null;
    }

    /// <summary>Writes an event as compact JSON: keys in the order id, pubkey, created_at, kind, tags, content, sig,
    /// and every byte that was signed as it was.</summary>
    /// <param name="view">The event.</param>
    /// <param name="output">Receives one JSON object, no line end.</param>
    public static void Write(EventView view, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        var text = new NostrText(view.Record.Length + view.Record.Length / 2 + 512);
        try
        {
            Write(view, ref text);
            output.Write(text.Written);
        }
        finally
        {
            text.Dispose();
        }
    }

    internal static void Write(EventView view, ref NostrText text)
    {
        text.Raw("{\"id\":"u8);
        text.QuotedHex(view.Id);
        text.Raw(",\"pubkey\":"u8);
        text.QuotedHex(view.PublicKey);
        text.Raw(",\"created_at\":"u8);
        text.Integer(view.CreatedAt);
        text.Raw(",\"kind\":"u8);
        text.Integer(view.Kind);
        text.Raw(",\"tags\":"u8);
        text.Tags(view.Tags);
        text.Raw(",\"content\":"u8);
        text.Quoted(view.Content);
        text.Raw(",\"sig\":"u8);
        text.QuotedHex(view.Signature);
        text.Raw((byte)'}');
    }
}
