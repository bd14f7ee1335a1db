using System.Globalization;
using System.Text;
using Mortise.Nostr;

namespace Mortise.TestSupport;

/// <summary>Events as nobody writes them who means well: one tag a thousand times, values that differ in their last byte
/// or in zeros at their end, times and kinds at their bounds, words without end. All are events by every rule.</summary>
internal sealed class ExtremeEvents
{
    private const string Digits = "0123456789abcdef";

    // Around the sizes at which code changes its ways.
    private static readonly int[] s_counts =
        [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 63, 64, 65, 127, 128, 255, 256, 257, 511, 512, 1000, 2000];

    private static readonly int[] s_lengths =
    [
        0, 1, 2, 7, 8, 9, 15, 16, 31, 32, 33, 62, 63, 64, 65, 66, 126, 127, 128, 129, 253, 255, 256, 510, 511, 512, 513, 514,
        1023, 1024, 4095, 4096, 16_384,
    ];

    private static readonly int[] s_kinds =
        [0, 1, 1, 1, 3, 4, 5, 5, 7, 62, 1059, 9999, 10000, 19999, 30000, 30023, 39999, 40000, 65535];

    private static readonly string[] s_names =
        ["e", "p", "a", "t", "d", "r", "T", "z", "A", "Z", "-", "expiration", "relay", "tt", "", "\0", "é"];

    private readonly Random _random;
    private readonly byte[][] _authors;
    private readonly string[] _stems;
    private readonly List<NostrEvent> _made = [];

    public ExtremeEvents(Random random)
    {
        _random = random;
        _authors = [.. Enumerable.Range(0, 4).Select(_ => Bytes(32)), [.. new byte[31], 1], [.. Enumerable.Repeat((byte)0xFF, 32)]];
        _stems = [.. Enumerable.Range(0, 4).Select(_ => Text(600))];
    }

    public List<NostrEvent> Make(int count, long now)
    {
        var events = new List<NostrEvent>(count);
        while (events.Count < count)
        {
            NostrEvent made = Next(now);
            if (made.Record.Length < 900_000)
            {
                events.Add(made);
                _made.Add(made);
            }
        }

        return events;
    }

    private NostrEvent Next(long now)
    {
        byte[] author = _authors[_random.Next(_authors.Length)];
        int kind = s_kinds[_random.Next(s_kinds.Length)];
        long createdAt = _random.Next(12) switch
        {
            0 => 0,
            1 => 1,
            2 => int.MaxValue,
            3 => uint.MaxValue,
            4 => long.MaxValue,
            5 => long.MaxValue - 1,
            _ => now - _random.Next(3),
        };
        var tags = new List<string[]>();
        for (int shapes = _random.Next(4); shapes > 0; shapes--)
        {
            AddShape(tags, now);
        }

        if (_random.Next(3) == 0)
        {
            string[][] mixed = [.. tags];
            _random.Shuffle(mixed);
            tags = [.. mixed];
        }

        return NostrEvent.CreateUnsigned(author, createdAt, kind, Content(), [.. tags]);
    }

    private void AddShape(List<string[]> tags, long now)
    {
        int count = Some(s_counts);
        string name = s_names[_random.Next(s_names.Length)];
        string stem = _stems[_random.Next(_stems.Length)];
        string head = stem[..Math.Min(stem.Length, Some(s_lengths))];
        switch (_random.Next(9))
        {
            case 0:
                // One tag over and over.
                string same = Value(now);
                tags.AddRange(Enumerable.Repeat<string[]>([name, same], count));
                break;
            case 1:
                // Values that begin alike for long.
                tags.AddRange(Enumerable.Range(0, count).Select(i => new[] { name, head + Number(i) }));
                break;
            case 2:
                // Values that differ in zeros at their end.
                int most = Math.Min(count, 300);
                tags.AddRange(Enumerable.Range(0, most).Select(i => new[] { name, head + new string('\0', i % 40) }));
                break;
            case 3:
                // A name and no value, or many values.
                tags.Add([name]);
                tags.Add([name, .. Enumerable.Range(0, count).Select(Number)]);
                break;
            case 4:
                // Ids of other events, each as often as that.
                string id = _made.Count == 0 ? Hex(64) : _made[_random.Next(_made.Count)].Id;
                tags.AddRange(Enumerable.Repeat<string[]>(["e", id], count));
                break;
            case 5:
                // Addresses of others, and of nobody.
                string author = Convert.ToHexStringLower(_authors[_random.Next(_authors.Length)]);
                int kind = s_kinds[_random.Next(s_kinds.Length)];
                tags.AddRange(Enumerable.Repeat<string[]>(["a", $"{Number(kind)}:{author}:{head}"], Math.Min(count, 100)));
                break;
            case 6:
                tags.AddRange(Enumerable.Range(0, Math.Min(count, 300)).Select(_ => new[] { name, Hex(64) }));
                break;
            case 7:
                tags.Add(["relay", "ALL_RELAYS"]);
                tags.Add(["expiration", Value(now)]);
                break;
            default:
                tags.AddRange(Enumerable.Range(0, Math.Min(count, 200)).Select(_ => new[] { name, Value(now) }));
                break;
        }
    }

    private string Value(long now) => _random.Next(12) switch
    {
        0 => "",
        1 => "\0",
        2 => Hex(Some(s_lengths)),
        3 => Hex(64),
        4 => Hex(64).ToUpperInvariant(),
        5 => new string('f', 64),
        6 => new string('0', 64),
        7 => Number(now + _random.Next(1, 3)),
        8 => _random.Next(2) == 0 ? "-1" : "9223372036854775808",
        9 => string.Concat(Enumerable.Repeat("\U0010FFFF", Some(s_lengths) / 8)),
        10 => new string('x', Some(s_lengths)),
        _ => Text(Some(s_lengths)),
    };

    private string Content() => _random.Next(8) switch
    {
        0 => new string('a', _random.Next(60_000)),
        1 => string.Join(' ', Enumerable.Repeat("word", Some(s_counts))),
        2 => string.Join(' ', Enumerable.Range(0, Some(s_counts)).Select(Number)),
        3 => string.Join(' ', Enumerable.Range(0, Some(s_counts)).Select(i => _stems[0][..(i % 70)])),
        4 => string.Concat(Enumerable.Repeat("e\u0301\u200d\ufeff\U0001F600", Some(s_counts))),
        5 => new string('\0', Some(s_lengths)),
        _ => Text(_random.Next(40)),
    };

    private int Some(int[] of) => of[_random.Next(of.Length)];

    private string Text(int length)
    {
        var text = new StringBuilder(length);
        for (int i = 0; i < length; i++)
        {
            text.Append((char)_random.Next(' ', 127));
        }

        return text.ToString();
    }

    private string Hex(int digits) =>
        string.Create(digits, _random, static (to, random) => random.GetItems(Digits.AsSpan(), to));

    private byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
