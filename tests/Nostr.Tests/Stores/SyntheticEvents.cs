using System.Text;

namespace Mortise.Nostr.Tests;

/// <summary>Events made to be hard: few authors, few seconds, ids that begin alike. Ids and signatures are made up.</summary>
internal sealed class SyntheticEvents(Random random)
{
    private static readonly int[] s_kinds = [0, 1, 1, 1, 3, 7, 10002, 30000, 30023, 65535];
    private static readonly string[] s_names = ["e", "p", "t", "d", "T", "expiration", "-", "tt"];

    private readonly byte[][] _authors = Enumerable.Range(0, 5).Select(_ => Bytes(random, 32)).ToArray();
    private readonly byte[][] _heads = Enumerable.Range(0, 12).Select(_ => Bytes(random, 8)).ToArray();
    private readonly string[] _values = Values(random);

    public List<NostrEvent> Make(int count, long firstSecond, int seconds)
    {
        var events = new List<NostrEvent>(count);
        for (int i = 0; i < count; i++)
        {
            byte[] id = Bytes(random, 32);
            if (random.Next(3) > 0)
            {
                _heads[random.Next(_heads.Length)].CopyTo(id, 0);
            }

            long createdAt = random.Next(50) switch
            {
                0 => 0,
                1 => long.MaxValue,
                2 => uint.MaxValue + 5L,
                _ => firstSecond + random.Next(seconds),
            };
            events.Add(Make(id, _authors[random.Next(_authors.Length)], createdAt, s_kinds[random.Next(s_kinds.Length)], firstSecond));
        }

        return events;
    }

    private NostrEvent Make(byte[] id, byte[] author, long createdAt, int kind, long now)
    {
        var tags = new TagListWriter();
        for (int i = random.Next(5); i > 0; i--)
        {
            string name = s_names[random.Next(s_names.Length)];
            if (name == "expiration")
            {
                tags.AddTag(name, (now + random.Next(-40, 100)).ToString(System.Globalization.CultureInfo.InvariantCulture));
            }
            else if (random.Next(8) == 0)
            {
                tags.AddTag(name);
            }
            else
            {
                tags.AddTag(name, _values[random.Next(_values.Length)], "more");
            }
        }

        byte[] content = Encoding.UTF8.GetBytes(new string('x', random.Next(3) == 0 ? random.Next(700) : random.Next(9)));
        return NostrEvent.FromRecord(EventRecord.Encode(id, author, new byte[64], createdAt, kind, tags, content));
    }

    private static string[] Values(Random random)
    {
        string hex = Convert.ToHexStringLower(Bytes(random, 32));
        return
        [
            "", "a", "b", "nostr", "Nostr", "\u00e9\U0001F600", hex, hex.ToUpperInvariant(), hex[..63], hex + "0", hex[..32],
            new string('v', 512), new string('v', 513), new string('v', 4000), Convert.ToHexStringLower(Bytes(random, 300)),
        ];
    }

    private static byte[] Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
