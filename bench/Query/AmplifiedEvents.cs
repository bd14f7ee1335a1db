using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Mortise.Nostr;

namespace Mortise.Bench.Query;

/// <summary>Many events grown from few: sizes, kinds and tags are those of the templates, authors, times and the events
/// that tags name are drawn anew. Ids are right, signatures are zeros.</summary>
/// <remarks>Authors are drawn by a Zipf law over one author for 50 events; of <c>e</c> tags three in four name one of
/// the 10,000 events before. Times rise over three years with a jitter of a minute, every tenth lies anywhere.</remarks>
internal sealed class AmplifiedEvents
{
    public const long FirstSecond = 1_650_000_000;
    public const long Seconds = 3 * 365 * 86_400L;

    private const int MaxContentBytes = 1500;
    private const int RecentIds = 10_000;

    private readonly long _firstSecond;
    private readonly long _seconds;

    private readonly List<NostrEvent> _templates;
    private readonly Random _random;
    private readonly byte[][] _authors;
    private readonly double[] _authorWeights;
    private readonly List<byte[]> _ids = [];

    /// <param name="templates">What they are grown from.</param>
    /// <param name="count">How many will be made.</param>
    /// <param name="seed">Decides everything that is drawn.</param>
    /// <param name="firstSecond">Where their times begin, since 1970.</param>
    /// <param name="seconds">How long they last.</param>
    public AmplifiedEvents(
        List<NostrEvent> templates, int count, int seed, long firstSecond = FirstSecond, long seconds = Seconds)
    {
        _firstSecond = firstSecond;
        _seconds = seconds;
        _templates = templates;
        _random = new Random(seed);
        int authors = Math.Max(10, count / 50);
        _authors = new byte[authors][];
        _authorWeights = new double[authors];
        double sum = 0;
        Span<byte> input = stackalloc byte[8];
        for (int i = 0; i < authors; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(input, seed);
            BinaryPrimitives.WriteInt32LittleEndian(input[4..], i);
            _authors[i] = SHA256.HashData(input);
            _authorWeights[i] = sum += 1.0 / (i + 1);
        }
    }

    /// <summary>Reads templates from lines of JSON, or makes sample events when there is no file.</summary>
    public static List<NostrEvent> ReadTemplates(string? file)
    {
        if (file is null)
        {
            return [.. SampleEvents.Generate(20_000, 1)];
        }

        var templates = new List<NostrEvent>();
        using Stream raw = File.OpenRead(file);
        using Stream plain = file.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(raw, CompressionMode.Decompress)
            : raw;
        using var lines = new StreamReader(plain);
        while (lines.ReadLine() is { } line)
        {
            if (EventJson.TryParse(Encoding.UTF8.GetBytes(line), out NostrEvent? read, out _)
                && !EventKinds.IsEphemeral(read.Kind))
            {
                templates.Add(read);
            }
        }

        return templates;
    }

    /// <summary>How many authors there are.</summary>
    public int Authors => _authors.Length;

    public byte[] Author(int rank) => _authors[rank];

    public byte[] AnyAuthor()
    {
        double at = _random.NextDouble() * _authorWeights[^1];
        int found = Array.BinarySearch(_authorWeights, at);
        return _authors[Math.Min(found < 0 ? ~found : found, _authors.Length - 1)];
    }

    public IEnumerable<NostrEvent> Make(int count)
    {
        for (int i = 0; i < count; i++)
        {
            long at = _random.Next(10) == 0
                ? _random.NextInt64(_seconds)
                : (long)((double)i / count * _seconds) + _random.Next(60);
            NostrEvent made = Make(_templates[_random.Next(_templates.Count)], _firstSecond + at);
            _ids.Add(made.View.Id.ToArray());
            yield return made;
        }
    }

    private NostrEvent Make(NostrEvent template, long createdAt)
    {
        EventView view = template.View;
        var tags = new List<string[]>();
        foreach (TagView tag in view.Tags)
        {
            var values = new List<string>();
            foreach (TagValue value in tag)
            {
                values.Add(value.ToString());
            }

            if (values.Count >= 2 && values[1].Length == 64)
            {
                values[1] = values[0] switch
                {
                    "p" => Convert.ToHexStringLower(AnyAuthor()),
                    "e" when _ids.Count > 0 => Convert.ToHexStringLower(_ids[_random.Next(4) == 0
                        ? _random.Next(_ids.Count)
                        : Math.Max(0, _ids.Count - 1 - _random.Next(RecentIds))]),
                    _ => values[1],
                };
            }

            if (values.Count > 0 && tags.Count < 60)
            {
                tags.Add([.. values]);
            }
        }

        string content = template.Content;
        content = content.Length > MaxContentBytes ? content[..MaxContentBytes] : content;
        content = char.IsHighSurrogate(content.LastOrDefault()) ? content[..^1] : content;
        return NostrEvent.CreateUnsigned(AnyAuthor(), createdAt, view.Kind, content, [.. tags]);
    }
}
