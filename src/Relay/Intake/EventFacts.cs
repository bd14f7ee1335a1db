using System.Numerics;
using Mortise.Nostr;

namespace Mortise.Relay;

/// <summary>What the relay reads from events.</summary>
internal static class EventFacts
{
    /// <summary>Client authentication, NIP-42: never stored or sent on.</summary>
    public const int AuthKind = 22_242;

    /// <summary>HTTP authentication, NIP-98.</summary>
    public const int HttpAuthKind = 27_235;

    private const int EphemeralGiftWrap = 21_059;

    /// <summary>Whether only its recipients may see it (NIP-59).</summary>
    public static bool IsGiftWrap(int kind) => kind is EventKinds.GiftWrap or EphemeralGiftWrap;

    /// <summary>The single letter that a tag with a value is named by.</summary>
    public static bool TryGetLetter(in TagView tag, out byte letter)
    {
        letter = 0;
        if (tag.Count < 2)
        {
            return false;
        }

        TagValue name = tag[0];
        if (name.IsHex || name.Bytes.Length != 1 || !char.IsAsciiLetter((char)name.Bytes[0]))
        {
            return false;
        }

        letter = name.Bytes[0];
        return true;
    }

    /// <summary>The first value of the first tag with that name.</summary>
    public static string? Find(in EventView @event, ReadOnlySpan<byte> name)
    {
        foreach (TagView tag in @event.Tags)
        {
            if (tag.Count >= 2 && tag.IsNamed(name))
            {
                return tag[1].ToString();
            }
        }

        return null;
    }

    /// <summary>Whether a p tag names one of these keys.</summary>
    public static bool IsAddressedTo(in EventView @event, IReadOnlyCollection<PublicKey> keys)
    {
        if (keys.Count == 0)
        {
            return false;
        }

        foreach (TagView tag in @event.Tags)
        {
            if (tag.Count >= 2 && tag.IsNamed((byte)'p') && tag[1] is { IsHex: true } value
                && value.Bytes.Length == PublicKey.Bytes && keys.Contains(PublicKey.Read(value.Bytes)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether only its author may publish it (NIP-70).</summary>
    public static bool IsProtected(in EventView @event)
    {
        foreach (TagView tag in @event.Tags)
        {
            if (tag.Count >= 1 && tag.IsNamed("-"u8))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Leading zero bits of an id (NIP-13).</summary>
    public static int Difficulty(ReadOnlySpan<byte> id)
    {
        for (int i = 0; i < id.Length; i++)
        {
            if (id[i] != 0)
            {
                return 8 * i + BitOperations.LeadingZeroCount((uint)id[i]) - 24;
            }
        }

        return 8 * id.Length;
    }

    /// <summary>The difficulty that its nonce tag commits to; null without one.</summary>
    public static int? CommittedDifficulty(in EventView @event)
    {
        foreach (TagView tag in @event.Tags)
        {
            if (tag.Count >= 3 && tag.IsNamed("nonce"u8))
            {
                return int.TryParse(tag[2].ToString(), out int target) ? target : null;
            }
        }

        return null;
    }
}
