using Mortise.Bench.Measuring;
using Mortise.Bench.Workload;
using Mortise.Nostr;

namespace Mortise.Bench.Tests;

public sealed class BenchRunTests
{
    private const int Events = 500;
    private const int Queries = 200;

    [Fact]
    public async Task Every_phase_gives_its_figures_and_answers_as_a_brute_force_search_does()
    {
        using var folder = new TemporaryFolder();
        WorkloadGenerator.Write(folder.Path, Events, 42);
        string scratch = Directory.CreateDirectory(Path.Combine(folder.Path, "scratch")).FullName;
        var run = new BenchRun(
            Stores.Compose,
            new BenchOptions
            {
                Workload = folder.Path,
                Scratch = scratch,
                BatchSize = 100,
                ShortestPass = TimeSpan.FromMilliseconds(1),
                LongestPass = TimeSpan.FromMilliseconds(1),
                WarmUp = TimeSpan.FromMilliseconds(1),
                SingleCommits = 20,
                PagedEvents = 2_000,
                QueriesPerSection = Queries,
            });
        BenchResult result = await run.RunAsync(null, default);

        Assert.Equal(["relaxed", "durable"], result.Ingest.Select(static i => i.Mode));
        Assert.All(result.Ingest, static i => Assert.True(i.EventsPerSecond > 0 && i.BytesPerEvent > 500));
        Assert.Equal([1, 16, 64], result.Commits.Select(static s => s.Committers));
        Assert.Equal([0, 0, Events], result.Opens.Select(static o => o.LogRecords));
        Assert.Equal(6, result.Queries.Count);
        Assert.True(result.Memory is { ManagedBytes: > 0 } memory && memory.AnonymousBytes > 0);
        Assert.True(result.Paging is { Events: 2_000, PageEvents: 500, FirstPages: > 0, LastPages: > 0 });
        Assert.Equal(3, result.Beside.Count);
        Assert.All(result.Beside, static b => Assert.True(b is { Section: "author20", Alone: > 0, Beside: > 0 }));
        IReadOnlyList<NostrEvent> all = ReadAll(folder.Path);
        foreach ((QuerySection section, QueryResult query) in QueryFile.Read(folder.Path, Queries).Zip(result.Queries))
        {
            Assert.Equal(section.Name, query.Section);
            Assert.Equal(BruteForce(section, all), (query.Digest, query.Rows));
            Assert.Equal([1, 2], query.Passes.Select(static p => p.Threads));
        }
    }

    [Fact]
    public async Task A_stack_that_does_not_keep_everything_is_refused_as_no_comparison()
    {
        using var folder = new TemporaryFolder();
        WorkloadGenerator.Write(folder.Path, Events, 42);
        var run = new BenchRun(
            (where, mode, checkpoints) => Stores.Compose(where, mode, checkpoints, keepAll: false),
            new BenchOptions
            {
                Workload = folder.Path,
                Scratch = folder.Path,
                Phases = new HashSet<BenchPhase> { BenchPhase.Durable },
            });
        InvalidDataException refusal =
            await Assert.ThrowsAsync<InvalidDataException>(() => run.RunAsync(null, default).AsTask());
        Assert.Contains("policy", refusal.Message, StringComparison.Ordinal);
    }

    private static List<NostrEvent> ReadAll(string folder)
    {
        using WorkloadFile file = WorkloadFile.Open(folder);
        var tags = new TagListWriter();
        var all = new List<NostrEvent>();
        for (long position = 0; all.Count < file.Count;)
        {
            all.Add(file.Read(ref position).ToEvent(tags));
        }

        all.Sort(static (a, b) => a.CreatedAt != b.CreatedAt
            ? b.CreatedAt.CompareTo(a.CreatedAt)
            : a.View.Id.SequenceCompareTo(b.View.Id));
        return all;
    }

    private static (string Digest, long Rows) BruteForce(QuerySection section, IReadOnlyList<NostrEvent> all)
    {
        var digest = new QueryDigest();
        long rows = 0;
        ILookup<string, NostrEvent> byId = all.ToLookup(static e => e.Id);
        for (int i = 0; i < section.Count; i++)
        {
            IEnumerable<NostrEvent> found = section.IsPoint
                ? byId[Convert.ToHexStringLower(section.Id(i))]
                : Matching(section.Filter(i), all);
            foreach (NostrEvent @event in found)
            {
                digest.Add(@event.View.Id);
                rows++;
            }
        }

        return ($"{digest.Value:x16}", rows);
    }

    private static IEnumerable<NostrEvent> Matching(Filter filter, IReadOnlyList<NostrEvent> all)
    {
        int left = filter.Limit ?? int.MaxValue;
        foreach (NostrEvent @event in all)
        {
            if (left > 0 && filter.Matches(@event.View))
            {
                left--;
                yield return @event;
            }
        }
    }
}
