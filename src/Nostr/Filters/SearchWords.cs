using System.Buffers;
using System.Text;

namespace Mortise.Nostr;

/// <summary>How a text is cut into words, for NIP-50: runs of letters and digits, compared without case.</summary>
public static class SearchWords
{
    /// <summary>The longest word in bytes of UTF-8; what goes beyond is ignored.</summary>
    public const int MaxWordBytes = 64;

    /// <summary>Finds the next word of a text.</summary>
    /// <param name="text">UTF-8; moved behind the word.</param>
    /// <param name="word">Receives the word in lower case; at least <see cref="MaxWordBytes"/> long.</param>
    /// <returns>Bytes of the word; 0 at the end of the text.</returns>
    public static int Next(ref ReadOnlySpan<byte> text, scoped Span<byte> word)
    {
        int length = 0;
        bool full = false;
        bool any = false;
        while (!text.IsEmpty)
        {
            OperationStatus status = Rune.DecodeFromUtf8(text, out Rune rune, out int read);
            bool isPart = status == OperationStatus.Done && Rune.IsLetterOrDigit(rune);
            if (!isPart && any)
            {
                break;
            }

            text = text[read..];
            if (isPart)
            {
                any = true;
                Rune lower = Rune.ToLowerInvariant(rune);
                full |= length + lower.Utf8SequenceLength > MaxWordBytes;
                length += full ? 0 : lower.EncodeToUtf8(word[length..]);
            }
        }

        return length;
    }

    /// <summary>True when every word of the search is a word of the text; <c>key:value</c> words of the search are left
    /// out, as NIP-50 asks of extensions that are not known.</summary>
    /// <param name="text">UTF-8.</param>
    /// <param name="search">Words.</param>
    internal static bool ContainsAll(ReadOnlySpan<byte> text, string search)
    {
        Span<byte> wanted = stackalloc byte[MaxWordBytes];
        foreach (Range range in search.AsSpan().Split(' '))
        {
            ReadOnlySpan<char> part = search.AsSpan(range);
            if (part.IsEmpty || part.Contains(':'))
            {
                continue;
            }

            ReadOnlySpan<byte> words = Encoding.UTF8.GetBytes(part.ToString());
            for (int length = Next(ref words, wanted); length > 0; length = Next(ref words, wanted))
            {
                if (!Contains(text, wanted[..length]))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static bool Contains(ReadOnlySpan<byte> text, ReadOnlySpan<byte> wanted)
    {
        Span<byte> word = stackalloc byte[MaxWordBytes];
        for (int length = Next(ref text, word); length > 0; length = Next(ref text, word))
        {
            if (word[..length].SequenceEqual(wanted))
            {
                return true;
            }
        }

        return false;
    }
}
