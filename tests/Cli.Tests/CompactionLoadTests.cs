using Mortise.Engine;
using Mortise.Nostr;
using Mortise.Records;

namespace Mortise.Cli.Tests;

/// <summary>Compaction of a store of which half is deleted, on real files, while others read and write. What it costs them in
/// time is measured by <c>bench/Records</c>; here is what must not depend on time.</summary>
public sealed class CompactionLoadTests
{
    private const int Events = 6_000;
    private const int Readers = 2;

    [Fact]
    public async Task No_read_fails_and_the_space_comes_back_to_within_a_twentieth_of_the_live_bytes()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(Surroundings.Seed);
        await using EventStore store = await StoreFixture.OpenAsync(folder.Data, "records.segmentSize=512KiB");
        NostrEvent[] all = [.. Enumerable.Range(0, Events).Select(i => Make(i, random))];
        foreach (NostrEvent[] some in all.Chunk(500))
        {
            await store.PutAsync(some);
        }

        NostrEvent[] live = [.. all.Where(_ => random.Next(2) == 0)];
        foreach (NostrEvent one in all.Except(live))
        {
            await store.DeleteAsync(Convert.FromHexString(one.Id));
        }

        RecordStoreStatistics before = store.GetStatistics().Records;
        Assert.InRange((double)before.DiskBytes / before.LiveBytes, 1.8, 2.3);
        Task<CompactionReport> compacting = Task.Run(() => store.Engine.CompactAsync(new CompactionOptions()).AsTask());
        var reading = Enumerable.Range(0, Readers).Select(reader => Task.Run(() => Read(store, live, reader, compacting)));
        Task<int> writing = Task.Run(() => WriteAsync(store, compacting));
        long[] reads = await Task.WhenAll(reading);
        CompactionReport report = await compacting;
        int written = await writing;
        Assert.All(reads, static count => Assert.True(count > 0));
        Assert.True(written > 0 && report.ReclaimedRecords > Events / 3, $"{written} written, {report.ReclaimedRecords} reclaimed");

        RecordStoreStatistics after = store.GetStatistics().Records;
        Assert.Equal(live.Length + written, after.LiveRecords);
        Assert.True(
            after.DiskBytes <= after.LiveBytes * 1.05,
            $"{after.DiskBytes} bytes on disk for {after.LiveBytes} live ones, {after.DeadRecords} dead records");
        Assert.Equal(live.Length + written, store.Query([Filter.Everything]).Count());
    }

    /// <returns>How many reads there were; each gave the event as it was put.</returns>
    private static long Read(EventStore store, NostrEvent[] live, int seed, Task until)
    {
        var random = new Random(seed);
        long reads = 0;
        do
        {
            NostrEvent expected = live[random.Next(live.Length)];
            NostrEvent? found = store.Get(Convert.FromHexString(expected.Id));
            Assert.True(found is not null && found.Record.Span.SequenceEqual(expected.Record.Span), $"read {reads} failed");
            reads++;
            if (reads % 64 == 0)
            {
                // A snapshot that compaction must wait for.
                Assert.Equal(20, store.Query([new Filter { Limit = 20 }]).Count());
            }
        }
        while (!until.IsCompleted);
        return reads;
    }

    private static async Task<int> WriteAsync(EventStore store, Task until)
    {
        var random = new Random(7);
        int written = 0;
        do
        {
            Assert.Equal(PutOutcome.Stored, (await store.PutAsync(Make(Events + written, random))).Outcome);
            written++;
        }
        while (!until.IsCompleted);
        return written;
    }

    private static NostrEvent Make(int index, Random random)
    {
        Span<byte> author = stackalloc byte[32];
        author.Fill((byte)(1 + (index % 5)));
        return NostrEvent.CreateUnsigned(
            author, 1_700_000_000 + index, 1, $"{index} {new string('x', random.Next(600, 1_200))}", ["t", "compaction"]);
    }
}
