using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Mortise.Relay;

/// <summary>The messages of a relay, as JSON text in UTF-8.</summary>
internal static class RelayMessage
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Ok(ReadOnlySpan<byte> id, bool accepted, string text) =>
        accepted && text.Length == 0 ? Accepted(id) : Ok(Convert.ToHexStringLower(id), accepted, text);

    /// <param name="id">As the client wrote it.</param>
    /// <param name="accepted">Whether the event was taken.</param>
    /// <param name="text">Why not, or what else there is to say.</param>
    public static byte[] Ok(string id, bool accepted, string text)
    {
        var buffer = new ArrayBufferWriter<byte>(128 + text.Length);
        using (var json = new Utf8JsonWriter(buffer, s_options))
        {
            json.WriteStartArray();
            json.WriteStringValue("OK"u8);
            json.WriteStringValue(id);
            json.WriteBooleanValue(accepted);
            json.WriteStringValue(text);
            json.WriteEndArray();
        }

        return buffer.WrittenSpan.ToArray();
    }

    public static byte[] Notice(string text) => Of("NOTICE", text);

    public static byte[] Closed(string id, string text) => Of("CLOSED", id, text);

    public static byte[] Auth(string challenge) => Of("AUTH", challenge);

    public static byte[] NegMessage(string id, string hex) => Of("NEG-MSG", id, hex);

    public static byte[] NegError(string id, string text) => Of("NEG-ERR", id, text);

    /// <summary>The end of stored events.</summary>
    /// <param name="id">The subscription.</param>
    /// <param name="hint">What NIP-67 says there: <c>finish</c>, <c>more</c>, or null to say nothing.</param>
    public static byte[] EndOfStored(string id, string? hint) => Write(json =>
    {
        json.WriteStringValue("EOSE"u8);
        json.WriteStringValue(id);
        if (hint is not null)
        {
            json.WriteStartArray();
            json.WriteStringValue(hint);
            json.WriteEndArray();
        }
    });

    public static byte[] Count(string id, long count, string? sketch) => Write(json =>
    {
        json.WriteStringValue("COUNT"u8);
        json.WriteStringValue(id);
        json.WriteStartObject();
        json.WriteNumber("count"u8, count);
        if (sketch is not null)
        {
            json.WriteString("hll"u8, sketch);
        }

        json.WriteEndObject();
    });

    /// <summary>What stands before an event's JSON: <c>["EVENT","id",</c>.</summary>
    public static byte[] EventPrefix(string id)
    {
        byte[] whole = Of("EVENT", id);
        whole[^1] = (byte)',';
        return whole;
    }

    /// <summary>The answer to nearly every event, where there is nothing to escape.</summary>
    private static byte[] Accepted(ReadOnlySpan<byte> id)
    {
        ReadOnlySpan<byte> before = "[\"OK\",\""u8;
        ReadOnlySpan<byte> after = "\",true,\"\"]"u8;
        byte[] message = new byte[before.Length + 2 * id.Length + after.Length];
        before.CopyTo(message);
        Convert.TryToHexStringLower(id, message.AsSpan(before.Length), out int digits);
        after.CopyTo(message.AsSpan(before.Length + digits));
        return message;
    }

    private static byte[] Of(params ReadOnlySpan<string> parts)
    {
        string[] copy = parts.ToArray();
        return Write(json =>
        {
            foreach (string part in copy)
            {
                json.WriteStringValue(part);
            }
        });
    }

    private static byte[] Write(Action<Utf8JsonWriter> elements)
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        using (var json = new Utf8JsonWriter(buffer, s_options))
        {
            json.WriteStartArray();
            elements(json);
            json.WriteEndArray();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
