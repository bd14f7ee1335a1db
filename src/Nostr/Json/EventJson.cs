using System.Buffers;

namespace Mortise.Nostr;

/// <summary>Events as NIP-01 JSON.</summary>
public static class EventJson
{
    /// <summary>Writes an event as compact JSON: keys in the order id, pubkey, created_at, kind, tags, content, sig, and
    /// every byte that was signed as it was.</summary>
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
