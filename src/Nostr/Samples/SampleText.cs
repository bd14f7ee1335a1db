using System.Globalization;
using System.Text;

namespace Mortise.Nostr;

/// <summary>Words for sample events: plain text, other scripts, emoji, and everything that JSON has to
/// escape.</summary>
internal static class SampleText
{
    private static readonly string[] s_words =
    [
        "the", "a", "and", "of", "to", "in", "is", "was", "that", "for", "relay", "note", "key", "event", "signed",
        "morning",
        "coffee", "wood", "joint", "bench", "plane", "chisel", "oak", "ash", "river", "train", "garden", "tomato",
        "bread",
        "winter", "light", "paper", "ink", "music", "quiet", "storm", "harbour", "bridge", "letter", "window", "clock",
        "today", "tomorrow", "never", "always", "maybe", "please", "thanks", "hello", "world", "open",
        "close", "read", "write",
    ];

    private static readonly string[] s_rare =
    [
        "😀", "🧑‍🌾", "🫡", "⚡", "👍🏽", "日本語", "Привет", "שלום", "مرحبا", "žluťoučký", "naïve", "ﬁ",
        "\u200B", "\u2028", "\u007F",
        "<b>", "&amp;", "it's", "\"quoted\"", "back\\slash", "tab\there", "line\nbreak", "\r\n", "C:\\temp\\",
        "{\"json\":[1,2]}",
        "https://example.com/?a=1&b=2#x", "\b", "\f", "\u0001", "\u001F", "\uFFFE", "💯",
    ];

    private static readonly string[] s_topics =
    [
        "nostr", "woodworking", "bitcoin", "gardening", "music", "photography", "food", "art", "books", "news",
        "cycling", "Ünïcode",
        "日本", "asknostr", "grownostr", "dotnet", "storage", "trains",
    ];

    internal static string Word(SampleRandom random) => s_words[random.Zipf(s_words.Length)];

    internal static string Topic(SampleRandom random) => s_topics[random.Zipf(s_topics.Length)];

    internal static string Sentence(SampleRandom random, int words)
    {
        var text = new StringBuilder();
        for (int i = 0; i < words; i++)
        {
            text.Append(i == 0 ? "" : " ");
            text.Append(random.Pick<string>(random.OneIn(25) ? s_rare : s_words));
        }

        return text.ToString();
    }

    /// <summary>Base64 that hides something, as encrypted messages have it.</summary>
    internal static string Cipher(SampleRandom random, int bytes)
    {
        byte[] hidden = new byte[bytes];
        for (int i = 0; i < hidden.Length; i++)
        {
            hidden[i] = (byte)random.Next();
        }

        return Convert.ToBase64String(hidden);
    }

    internal static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
