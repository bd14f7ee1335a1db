using System.Text;
using System.Text.Json;

namespace Mortise.Relay;

/// <summary>What a client's message asks for.</summary>
internal enum ClientVerb
{
    None = 0,
    Event,
    Req,
    Count,
    Close,
    Auth,
    NegOpen,
    NegMessage,
    NegClose,
}

/// <summary>A message of a client, cut into its parts; none of them is looked into. Hostile bytes.</summary>
/// <remarks>Buffers: the parts lie in the message and die with it.</remarks>
internal ref struct ClientMessage
{
    // Brackets that requests nest: the message, an array of filters as one client sends it, a filter, its values.
    private const int MaxDepth = 8;

    private ReadOnlySpan<byte> _text;

    /// <summary>What it asks for.</summary>
    public ClientVerb Verb { get; private set; }

    /// <summary>The subscription's id; empty for EVENT and AUTH.</summary>
    public string Id { get; private set; }

    /// <summary>What follows the verb, or the id, up to the closing bracket.</summary>
    public ReadOnlySpan<byte> Rest { get; private set; }

    /// <summary>Cuts a message.</summary>
    /// <returns>Null, or what is wrong with it.</returns>
    public static string? TryRead(ReadOnlySpan<byte> text, out ClientMessage message)
    {
        message = new ClientMessage { _text = text, Id = "" };
        try
        {
            return message.Read();
        }
        catch (JsonException)
        {
            return "not a JSON array";
        }
        catch (InvalidOperationException)
        {
            // What the reader throws when an escape is half of a surrogate pair.
            return "a string that is not Unicode";
        }
    }

    /// <summary>Cuts what follows into JSON values.</summary>
    /// <param name="rest">Values with commas between.</param>
    /// <param name="most">How many may be there.</param>
    /// <param name="ranges">Receives where they are.</param>
    /// <returns>Null, or what is wrong.</returns>
    public static string? TrySplit(ReadOnlySpan<byte> rest, int most, List<Range> ranges)
    {
        // The brackets that the message had are put back, so that one reader sees one value.
        byte[] array = new byte[rest.Length + 2];
        array[0] = (byte)'[';
        rest.CopyTo(array.AsSpan(1));
        array[^1] = (byte)']';
        try
        {
            var reader = new Utf8JsonReader(array, new JsonReaderOptions { MaxDepth = MaxDepth });
            reader.Read();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (ranges.Count == most)
                {
                    return $"more than {most} filters";
                }

                int start = (int)reader.TokenStartIndex - 1;
                reader.Skip();
                ranges.Add(new Range(start, (int)reader.BytesConsumed - 1));
            }

            return reader.Read() ? "text behind the message" : null;
        }
        catch (JsonException e)
        {
            return e.Message.Contains("depth", StringComparison.Ordinal) ? "nested too deep" : "not JSON";
        }
    }

    private string? Read()
    {
        var reader = new Utf8JsonReader(_text, new JsonReaderOptions { MaxDepth = MaxDepth });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            return "not a JSON array";
        }

        if (!reader.Read() || reader.TokenType != JsonTokenType.String)
        {
            return "a message begins with its type, a string";
        }

        Verb = VerbOf(reader);
        if (Verb == ClientVerb.None)
        {
            return $"unknown message type '{Short(reader.GetString()!)}'";
        }

        if (Verb is not (ClientVerb.Event or ClientVerb.Auth))
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.String)
            {
                return "a subscription id is missing, or is no string";
            }

            Id = reader.GetString()!;
        }

        int from = (int)reader.BytesConsumed;
        ReadOnlySpan<byte> rest = _text[from..].Trim(" \t\r\n"u8);
        if (rest is not [.., (byte)']'])
        {
            return "not a JSON array";
        }

        rest = rest[..^1].Trim(" \t\r\n"u8);
        if (rest.IsEmpty)
        {
            // With an id, what is missing is answered with that id.
            return Verb is ClientVerb.Event or ClientVerb.Auth ? "too few elements" : null;
        }

        if (rest[0] != (byte)',')
        {
            return "not a JSON array";
        }

        Rest = rest[1..].Trim(" \t\r\n"u8);
        return Rest.IsEmpty ? "not a JSON array" : null;
    }

    private static ClientVerb VerbOf(in Utf8JsonReader reader) =>
        reader.ValueTextEquals("EVENT"u8) ? ClientVerb.Event
        : reader.ValueTextEquals("REQ"u8) ? ClientVerb.Req
        : reader.ValueTextEquals("CLOSE"u8) ? ClientVerb.Close
        : reader.ValueTextEquals("COUNT"u8) ? ClientVerb.Count
        : reader.ValueTextEquals("AUTH"u8) ? ClientVerb.Auth
        : reader.ValueTextEquals("NEG-OPEN"u8) ? ClientVerb.NegOpen
        : reader.ValueTextEquals("NEG-MSG"u8) ? ClientVerb.NegMessage
        : reader.ValueTextEquals("NEG-CLOSE"u8) ? ClientVerb.NegClose
        : ClientVerb.None;

    private static string Short(string text)
    {
        if (text.Length <= 32)
        {
            return text;
        }

        // Not between the halves of a surrogate pair.
        int cut = char.IsHighSurrogate(text[31]) ? 31 : 32;
        return new StringBuilder(text, 0, cut, 40).Append("...").ToString();
    }
}
