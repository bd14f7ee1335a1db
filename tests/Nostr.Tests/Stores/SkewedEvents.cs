using System.Globalization;

namespace Mortise.Nostr.Tests;

/// <summary>Events as a relay sees them: few busy authors and many quiet ones, common kinds and rare ones, popular tags.</summary>
internal sealed class SkewedEvents(Random random, int authors = 200)
{
    private static readonly int[] s_kinds = [1, 1, 1, 1, 1, 7, 7, 7, 6, 16, 1984, 9735, 1111, 4];

    private readonly byte[][] _authors = Enumerable.Range(0, authors).Select(_ => Key(random)).ToArray();

    public byte[] Author(int rank) => _authors[rank];

    public List<NostrEvent> Make(int count, long firstSecond, long seconds)
    {
        var events = new List<NostrEvent>(count);
        for (int i = 0; i < count; i++)
        {
            var tags = new List<string[]>();
            for (int t = random.Next(4); t > 0; t--)
            {
                tags.Add(random.Next(3) switch
                {
                    0 => ["t", string.Create(CultureInfo.InvariantCulture, $"topic{Skewed(60)}")],
                    1 => ["p", Convert.ToHexStringLower(_authors[Skewed(authors)])],
                    _ => ["e", Convert.ToHexStringLower(events.Count == 0 ? Key(random) : events[random.Next(events.Count)].View.Id.ToArray())],
                });
            }

            events.Add(NostrEvent.CreateUnsigned(
                _authors[Skewed(authors)],
                firstSecond + random.NextInt64(seconds),
                s_kinds[random.Next(s_kinds.Length)],
                "",
                [.. tags]));
        }

        return events;
    }

    // Small ranks often, large ones rarely.
    private int Skewed(int count) => (int)(Math.Pow(random.NextDouble(), 3) * count);

    private static byte[] Key(Random random)
    {
        byte[] key = new byte[32];
        random.NextBytes(key);
        return key;
    }
}
