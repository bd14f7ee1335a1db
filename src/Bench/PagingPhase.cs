using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using Mortise.Bench.Measuring;
using Mortise.Engine;
using Mortise.Nostr;

namespace Mortise.Bench;

/// <summary>Walks all events of one author and kind, a page at a time, as a client does that scrolls back: the next
/// page is asked for with <c>until</c> before the oldest event of the last.</summary>
/// <remarks>The store has no index by author and kind; the author has no other kind. Events are a second apart. Times
/// are of the processor, which other work on the machine changes least.</remarks>
internal static class PagingPhase
{
    private const int PageEvents = 500;

    private const int BatchEvents = 1000;

    /// <summary>So many pages at either end are compared; at most a quarter of all.</summary>
    private const int EndPages = 40;

    /// <summary>Walks before the one that counts, so that it runs compiled code.</summary>
    private const int Walks = 3;

    public static async ValueTask<PagingResult> RunAsync(
        BenchStores open, string folder, int events, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        EventStore store = await open(folder, SyncMode.Never, true)().ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            await LoadAsync(store, events, cancellation).ConfigureAwait(false);
            await store.CheckpointAsync(cancellation).ConfigureAwait(false);
            await store.Engine.PackAllAsync(cancellation).ConfigureAwait(false);
            List<long> pages = [];
            for (int i = 0; i <= Walks; i++)
            {
                pages = Walk(store, events, cancellation);
            }

            int ends = Math.Max(1, Math.Min(EndPages, pages.Count / 4));
            return new PagingResult(events, PageEvents, Median(pages[..ends]), Median(pages[^ends..]));
        }
    }

    private static double Median(List<long> ticks)
    {
        var times = new Latencies(ticks.Count);
        foreach (long time in ticks)
        {
            times.Add(time);
        }

        return times.Microseconds(0.5);
    }

    private static List<long> Walk(EventStore store, int events, CancellationToken cancellation)
    {
        var results = new ResultBuffer();
        var filters = new Filter[1];
        List<long> times = [];
        byte[] author = Author();
        long until = long.MaxValue;
        int seen = 0;
        while (seen < events)
        {
            cancellation.ThrowIfCancellationRequested();
            filters[0] = new Filter { Authors = IdSet.FromBytes(author), Kinds = KindSet.Of(1), Until = until, Limit = PageEvents };
            results.Clear();
            var sink = new PageSink(results);
            double began = Now();
            store.Query(filters, ref sink, cancellation: cancellation);
            times.Add((long)((Now() - began) * Stopwatch.Frequency));
            if (results.Count == 0)
            {
                throw new InvalidDataException($"the walk ended after {seen} of {events} events");
            }

            seen += results.Count;
            until = sink.Oldest - 1;
        }

        return seen == events ? times : throw new InvalidDataException($"the walk met {seen} events of {events}");
    }

    private static async ValueTask LoadAsync(EventStore store, int events, CancellationToken cancellation)
    {
        var tags = new TagListWriter();
        var batch = new List<NostrEvent>(BatchEvents);
        byte[] id = new byte[32];
        byte[] content = new byte[256];
        content.AsSpan().Fill((byte)'a');
        for (int i = 0; i < events; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(content, 0x61616161 + (i & 0x0F0F0F0F));
            BinaryPrimitives.WriteInt32LittleEndian(id, i);
            SHA256.HashData(id, id);
            batch.Add(NostrEvent.FromRecord(
                EventRecord.Encode(id, Author(), new byte[64], 1_700_000_000 + i, 1, tags, content)));
            if (batch.Count == BatchEvents || i == events - 1)
            {
                await store.PutAsync(batch, cancellation).ConfigureAwait(false);
                batch.Clear();
            }
        }
    }

    /// <summary>Seconds of the thread's processor, or of the clock where the platform does not tell.</summary>
    private static double Now() =>
        ThreadClock.IsThere ? ThreadClock.Seconds : Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;

    private static byte[] Author() => SHA256.HashData("author"u8);

    /// <summary>Copies a page's events, and remembers the time of the oldest.</summary>
    private struct PageSink(ResultBuffer to) : IEventSink
    {
        public long Oldest { get; private set; }

        public bool Accept(in EventView @event)
        {
            to.Add(@event);
            Oldest = @event.CreatedAt;
            return true;
        }
    }
}
