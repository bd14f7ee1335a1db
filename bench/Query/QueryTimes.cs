using System.Diagnostics;
using Mortise.Nostr;

namespace Mortise.Bench.Query;

/// <summary>Times the usual shapes of requests: microseconds, bytes allocated, index entries read.</summary>
internal sealed class QueryTimes(
    EventStore store, AmplifiedEvents source, IReadOnlyList<NostrEvent> sample, string? only)
{
    private readonly Random _random = new(7);

    public void Run(double seconds)
    {
        Console.WriteLine($"{"request",-28}{"us",10}{"cpu us",10}{"bytes",10}{"entries",10}{"records",10}{"results",10}");
        Point("id, there", () => Any().View.Id.ToArray(), seconds);
        Point("id, absent", () => RandomId(), seconds);
        Time("ids x 20", () => [new Filter { Ids = IdSet.FromHex([.. Many(20, () => Any().Id)]) }], seconds);
        Time("author, 20", () => [new Filter { Authors = One(), Limit = 20 }], seconds);
        Time("author and kind, 20", () => [new Filter { Authors = One(), Kinds = KindSet.Of(1), Limit = 20 }], seconds);
        Time("kind, 7 days, 500", () => [Week()], seconds);
        Time("tag, 100", () => [new Filter { Tags = [Tag()], Limit = 100 }], seconds);
        Time("tag and kind, 100", () => [new Filter { Tags = [Tag()], Kinds = KindSet.Of(1, 7), Limit = 100 }], seconds);
        Time("100 authors, 100", () => [Feed()], seconds);
        Time("100 authors, kind 1, 100", () => [Feed(KindSet.Of(1))], seconds);
        Time("everything, 500", () => [Filter.Everything.WithLimit(500)], seconds);
        Time("2 filters, one author", () =>
        {
            IdSet author = One();
            return
            [
                new Filter { Authors = author, Kinds = KindSet.Of(1), Limit = 20 },
                new Filter { Authors = author, Kinds = KindSet.Of(7), Limit = 20 },
            ];
        }, seconds);
        Time("5 filters of a profile", () => Profile(One()), seconds);
        if (store.CanSearch)
        {
            Time("search, two words, 20", () => [new Filter { Search = Words(), Limit = 20 }], seconds);
        }
    }

    /// <summary>What one request costs with all its filters, beside one request a filter.</summary>
    public void Share(double seconds)
    {
        Console.WriteLine("filters of one request together, and one by one:");
        List<Filter[]> requests = Many(2000, () => Profile(One()));
        Compare("5 filters of a profile", requests, seconds);
        requests = Many(2000, () =>
        {
            Filter feed = Feed(KindSet.Of(1));
            return new[] { feed, new Filter { Authors = feed.Authors, Kinds = KindSet.Of(6), Limit = 100 } };
        });
        Compare("2 feeds of 100 authors", requests, seconds);
        requests = Many(2000, () =>
        {
            Filter same = new() { Authors = One(), Limit = 50 };
            return new[] { same, new Filter { Authors = same.Authors, Limit = 50 }, same };
        });
        Compare("3 equal filters", requests, seconds);
    }

    private void Compare(string name, List<Filter[]> requests, double seconds)
    {
        double together = Cost(requests, seconds);
        double apart = Cost([.. requests.SelectMany(static r => r).Select(static f => new[] { f })], seconds)
            * requests.Average(static r => r.Length);
        Console.WriteLine($"   {name,-28}{together,10:n1} us{apart,10:n1} us   {together / apart:p0}");
    }

    private double Cost(List<Filter[]> requests, double seconds)
    {
        var sink = default(ByteSink);
        TimeSpan before = Cpu();
        long start = Stopwatch.GetTimestamp();
        int done = 0;
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
        {
            store.Query(requests[done++ % requests.Count], ref sink);
        }

        return (Cpu() - before).TotalMicroseconds / done;
    }

    private void Point(string name, Func<byte[]> id, double seconds)
    {
        List<byte[]> ids = Many(20_000, id);
        var sink = default(ByteSink);
        Report(name, seconds, i => store.TryGet(ids[i % ids.Count], ref sink), ids.Count);
    }

    private void Time(string name, Func<Filter[]> make, double seconds)
    {
        List<Filter[]> requests = Many(2000, make);
        long entries = 0;
        long records = 0;
        long results = 0;
        foreach (Filter[] request in requests.Take(200))
        {
            QueryExplanation how = store.Explain(request);
            entries += how.Entries;
            records += how.Records;
            results += how.Results;
        }

        var sink = default(ByteSink);
        Report(
            name, seconds, i => store.Query(requests[i % requests.Count], ref sink), requests.Count,
            $"{entries / 200.0,10:n1}{records / 200.0,10:n1}{results / 200.0,10:n1}");
    }

    private void Report(string name, double seconds, Action<int> one, int warm, string more = "")
    {
        if (only is not null && only != name)
        {
            return;
        }

        for (int i = 0; i < warm; i++)
        {
            one(i);
        }

        long bytes = GC.GetAllocatedBytesForCurrentThread();
        TimeSpan cpu = Cpu();
        long start = Stopwatch.GetTimestamp();
        int done = 0;
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
        {
            for (int i = 0; i < 16; i++)
            {
                one(done++);
            }
        }

        double micros = Stopwatch.GetElapsedTime(start).TotalMicroseconds / done;
        double used = (Cpu() - cpu).TotalMicroseconds / done;
        double allocated = (double)(GC.GetAllocatedBytesForCurrentThread() - bytes) / done;
        Console.WriteLine($"{name,-28}{micros,10:n2}{used,10:n2}{allocated,10:n0}{more}");
    }

    private static TimeSpan Cpu()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }

    private NostrEvent Any() => sample[_random.Next(sample.Count)];

    private IdSet One() => IdSet.FromBytes(_random.Next(2) == 0 ? source.AnyAuthor() : Any().View.PublicKey);

    private Filter Week()
    {
        long from = Any().CreatedAt;
        return new Filter
        {
            Kinds = KindSet.Of(Any().Kind),
            Since = from,
            Until = from + (7 * 86_400),
            Limit = 500,
        };
    }

    private TagCondition Tag()
    {
        while (true)
        {
            string[][] tags = [.. Any().GetTags().Where(static t => t.Length >= 2 && t[0] is "e" or "p" or "t")];
            if (tags.Length > 0)
            {
                string[] tag = tags[_random.Next(tags.Length)];
                return TagCondition.Of(tag[0][0], tag[1]);
            }
        }
    }

    private Filter Feed(KindSet? kinds = null) => new()
    {
        Authors = IdSet.FromBytes([.. Many(100, source.AnyAuthor).SelectMany(static a => a)]),
        Kinds = kinds,
        Limit = 100,
    };

    private static Filter[] Profile(IdSet author) =>
    [
        new() { Authors = author, Kinds = KindSet.Of(0), Limit = 1 },
        new() { Authors = author, Kinds = KindSet.Of(3), Limit = 1 },
        new() { Authors = author, Kinds = KindSet.Of(10002), Limit = 1 },
        new() { Authors = author, Kinds = KindSet.Of(1, 6), Limit = 50 },
        new() { Kinds = KindSet.Of(1, 7), Tags = [TagCondition.Of('p', Convert.ToHexStringLower(author[0]))], Limit = 50 },
    ];

    private string Words()
    {
        string[] words = [.. Any().Content.Split(' ').Where(static w => w.Length > 2 && w.All(char.IsAsciiLetter)).Take(2)];
        return words.Length == 0 ? "the" : string.Join(' ', words);
    }

    private byte[] RandomId()
    {
        byte[] id = new byte[32];
        _random.NextBytes(id);
        return id;
    }

    private static List<T> Many<T>(int count, Func<T> make) => [.. Enumerable.Range(0, count).Select(_ => make())];

    private struct ByteSink : IEventSink
    {
        public long Bytes { get; private set; }

        public bool Accept(in EventView @event)
        {
            Bytes += @event.Record.Length;
            return true;
        }
    }
}
