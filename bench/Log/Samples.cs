using System.Buffers.Binary;
using Mortise.Nostr;

namespace Mortise.Bench.Log;

/// <summary>Events of about 400 bytes, made fast: unsigned, by a thousand authors.</summary>
internal static class Samples
{
    private static readonly string s_text = new('n', 160);

    public static NostrEvent Event(int number)
    {
        Span<byte> author = stackalloc byte[32];
        BinaryPrimitives.WriteInt32BigEndian(author, unchecked((number % 1000) * -1640531527));
        author[31] = 1;
        return NostrEvent.CreateUnsigned(
            author,
            1_700_000_000 + number,
            number % 10 == 0 ? 7 : 1,
            $"{number} {s_text}",
            ["t", $"topic{number % 100}"]);
    }
}
