using System.Security.Cryptography;

namespace Mortise.Nostr;

/// <summary>The id that an event must have: SHA-256 of its exact NIP-01 serialization.</summary>
public static class EventId
{
    /// <summary>Bytes of an id.</summary>
    public const int Bytes = EventFormat.IdBytes;

    /// <summary>Computes the id from what is signed: author, time, kind, tags and content. Allocates nothing.</summary>
    /// <param name="view">The event; the id that it claims is not looked at.</param>
    /// <param name="id">Receives 32 bytes.</param>
    /// <exception cref="ArgumentException"><paramref name="id"/> is shorter than <see cref="Bytes"/>.</exception>
    public static void Compute(EventView view, Span<byte> id)
    {
        if (id.Length < Bytes)
        {
            throw new ArgumentException($"{id.Length} bytes; an id has {Bytes}", nameof(id));
        }

        var text = new NostrText(view.Record.Length + view.Record.Length / 2 + 128);
        try
        {
            WriteSerialization(view, ref text);
            SHA256.HashData(text.Written, id);
        }
        finally
        {
            text.Dispose();
        }
    }

    /// <summary>Whether the event's id is the one that it must have.</summary>
    public static bool IsRight(EventView view)
    {
        Span<byte> id = stackalloc byte[Bytes];
        Compute(view, id);
        return id.SequenceEqual(view.Id);
    }

    internal static void WriteSerialization(EventView view, ref NostrText text)
    {
        text.Raw("[0,"u8);
        text.QuotedHex(view.PublicKey);
        text.Raw((byte)',');
        text.Integer(view.CreatedAt);
        text.Raw((byte)',');
        text.Integer(view.Kind);
        text.Raw((byte)',');
        text.Tags(view.Tags);
        text.Raw((byte)',');
        text.Quoted(view.Content);
        text.Raw((byte)']');
    }
}
