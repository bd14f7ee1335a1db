using Mortise.Engine;

namespace Mortise.Nostr.Tests.Query;

/// <summary>How much queries read, in counters that no machine changes.</summary>
public sealed class PlanTests
{
    private const int Events = 4000;
    private const long Month = 30 * 86_400;

    [Theory]
    [InlineData("full")]
    [InlineData("monthly")]
    public async Task The_latest_of_a_busy_author_cost_hardly_more_entries_than_results(string stackName)
    {
        await using TestStore store = await TestStore.OpenAsync(SyntheticQueryTests.Stack(stackName));
        var source = new SkewedEvents(new Random(1), authors: 1);
        await store.PutAsync(source.Make(Events, store.Now - (12 * Month), 12 * Month));
        var latest = new Filter { Authors = IdSet.FromBytes(source.Author(0)), Limit = 20 };
        QueryExplanation explanation = store.Events.Explain([latest]);
        Assert.Equal(20, explanation.Results);
        Assert.InRange(explanation.Entries, 20, 39);
        Assert.InRange(explanation.Records, stackName == "monthly" ? 0 : 20, 20);
        Assert.Contains("author-time", explanation.ToString(), StringComparison.Ordinal);
        QueryExplanation count = store.Events.Explain([latest.WithLimit(null)], count: true);
        Assert.Equal(Events, count.Results);
        Assert.Equal(0, count.Records);
    }

    [Fact]
    public async Task The_latest_20_of_an_author_of_100000_events_cost_fewer_than_40_entries()
    {
        const int Many = 100_000;
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full);
        byte[] author = [.. Enumerable.Repeat((byte)7, 32)];
        for (int first = 0; first < Many; first += 10_000)
        {
            await store.PutAsync(
                [.. Enumerable.Range(first, 10_000).Select(i => NostrEvent.CreateUnsigned(author, 1000 + (i / 3), 1, $"{i}"))]);
        }

        Filter latest = new() { Authors = IdSet.FromBytes(author), Limit = 20 };
        for (int state = 0; state < 2; state++)
        {
            // Once mostly in memory, once mostly on disk.
            QueryExplanation explanation = store.Events.Explain([latest]);
            Assert.Equal(20, explanation.Results);
            Assert.InRange(explanation.Entries, 20, 39);
            Assert.Equal(20, explanation.Records);
            await store.Events.CheckpointAsync();
        }

        Assert.Equal(Many, store.Events.Count([latest.WithLimit(null)]));
    }

    [Fact]
    public async Task Many_quiet_ranges_open_only_recent_partitions()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.Monthly);
        var source = new SkewedEvents(new Random(2), authors: 100);
        await store.PutAsync(source.Make(3000, store.Now - (24 * Month), 24 * Month));
        var feed = new Filter
        {
            Authors = IdSet.FromBytes([.. Enumerable.Range(0, 100).SelectMany(source.Author)]),
            Limit = 50,
        };
        QueryExplanation explanation = store.Events.Explain([feed]);
        Assert.Equal(50, explanation.Results);
        PlanNode merge = explanation.Root.Inputs[0];
        Assert.Equal("author-time", merge.Family);
        Assert.InRange(merge.Partitions!.Value, 100, 300);
        Assert.InRange(explanation.Entries, 50, 250);
    }

    [Fact]
    public async Task Where_keys_decide_all_no_filter_examines_more_than_its_limit_and_its_ranges()
    {
        int seed = TestSeed.Or(3);
        var random = new Random(seed);
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full);
        List<NostrEvent> events = new SkewedEvents(random).Make(Events, store.Now - (12 * Month), 12 * Month);
        await store.PutAsync(events);
        var filters = new FilterSource(random, events.ConvertAll(e => new OracleEvent(e)));
        using StoreView view = store.Events.Engine.OpenView();
        int exact = 0;
        for (int i = 0; i < TestSeed.Soaked(500); i++)
        {
            Filter filter = filters.NextRequest()[0].ToFilter().WithLimit(random.Next(1, 40));
            var window = new QueryWindow(filter, null);
            FilterPlan plan = FilterPlanner.Plan(view, filter, window, new PathOffers());
            if (plan.IsOrdered && plan.Second is null && plan.Residual.IsEmpty)
            {
                exact++;
                int ranges = plan.Path!.Count;
                int limit = filter.Limit!.Value;
                int bound = ranges == 1 ? limit + 2 : (2 * limit) + ranges + 2;

                // A result that several ranges have is read once from each.
                int times = plan.Path.Family.Name.StartsWith("tag", StringComparison.Ordinal) ? ranges : 1;
                long entries = store.Events.Explain([filter]).Entries;
                Assert.True(entries <= times * bound, $"seed {seed}: {entries} entries, {filter}");
            }
        }

        Assert.True(exact > 100);
    }

    [Fact]
    public async Task The_chosen_path_reads_at_most_twice_as_much_as_the_best_for_95_of_100_filters()
    {
        int seed = TestSeed.Or(4);
        var random = new Random(seed);
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full);
        List<NostrEvent> events = new SkewedEvents(random).Make(Events, store.Now - (12 * Month), 12 * Month);
        await store.PutAsync(events);
        await store.Events.CheckpointAsync();
        var filters = new FilterSource(random, events.ConvertAll(e => new OracleEvent(e)));
        using StoreView view = store.Events.Engine.OpenView();
        int good = 0;
        int intersections = 0;
        int count = TestSeed.Soaked(250);
        var worst = new List<string>();
        for (int i = 0; i < count; i++)
        {
            Filter filter = filters.NextRequest()[0].ToFilter();
            if (filter.IsEmpty)
            {
                filter = filter.WithLimit(7);
            }

            var window = new QueryWindow(filter, null);
            FilterPlan chosen = FilterPlanner.Plan(view, filter, window, new PathOffers());
            intersections += chosen.Second is null ? 0 : 1;
            long best = long.MaxValue;
            foreach (AccessPath path in chosen.Considered)
            {
                FilterConditions left = filter.Conditions.Except(path.Decides);
                best = Math.Min(best, Work(view, new FilterPlan(filter, path, null, chosen.Fallback, left, null, window, 0, [])));
            }

            long work = Work(view, chosen);
            if (work <= Math.Max(2 * best, 40))
            {
                good++;
            }
            else
            {
                worst.Add($"{work} for {best}: {filter} by {chosen.Path?.Family.Name} {chosen.Second?.Family.Name}");
            }
        }

        Assert.True(good >= count * 95 / 100, $"seed {seed}: {good} of {count}\n{string.Join('\n', worst)}");
        Assert.True(intersections > 0, "some filters are answered by two families at once");
    }

    [Fact]
    public async Task Two_families_are_intersected_when_neither_alone_decides_much()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full);
        var source = new SkewedEvents(new Random(5), authors: 3);
        var events = new List<NostrEvent>();
        for (int i = 0; i < 3000; i++)
        {
            string topic = i % 2 == 0 ? "even" : "odd";
            events.Add(NostrEvent.CreateUnsigned(source.Author(i % 3), 1000 + i, 1, "", ["t", topic], ["l", i % 100 < 5 ? "rare" : "common"]));
        }

        await store.PutAsync(events);
        Filter filter = new()
        {
            Authors = IdSet.FromBytes(source.Author(0)),
            Tags = [TagCondition.Of('t', "even")],
        };
        QueryExplanation count = store.Events.Explain([filter], count: true);
        Assert.Equal(500, count.Results);
        Assert.Equal(0, count.Records);
        Assert.Equal("intersect", count.Root.Inputs[0].Operation);
        Assert.Equal(
            events.Where((_, i) => i % 6 == 0).Reverse().Select(e => e.Id),
            store.Ids(filter));
    }

    [Theory]
    [InlineData("full")]
    [InlineData("monthly")]
    public async Task Every_path_and_every_pair_of_paths_gives_the_same_results(string stackName)
    {
        int seed = TestSeed.Or(8);
        var random = new Random(seed);
        await using TestStore store = await TestStore.OpenAsync(
            SyntheticQueryTests.Stack(stackName), TestStore.KeepEverything);
        List<NostrEvent> events = new SyntheticEvents(random).Make(600, store.Now - 15, 30);
        events.AddRange(new SkewedEvents(random, authors: 8).Make(1400, store.Now - (6 * Month), 6 * Month));
        await store.PutAsync(events, batch: 200);
        var filters = new FilterSource(random, events.ConvertAll(e => new OracleEvent(e)));
        using StoreView view = store.Events.Engine.OpenView();
        int pairs = 0;
        for (int i = 0; i < TestSeed.Soaked(120); i++)
        {
            Filter filter = filters.NextRequest()[0].ToFilter();
            var window = new QueryWindow(filter, null);
            FilterPlan chosen = FilterPlanner.Plan(view, filter, window, new PathOffers());
            List<ulong> expected = Locations(view, chosen);
            foreach (AccessPath a in chosen.Considered)
            {
                FilterConditions left = filter.Conditions.Except(a.Decides);
                Assert.Equal(expected, Locations(view, new FilterPlan(filter, a, null, chosen.Fallback, left, null, window, 0, [])));
                foreach (AccessPath b in chosen.Considered.Where(b => b != a && !a.IsPoint && !b.IsPoint))
                {
                    pairs++;
                    var both = new FilterPlan(filter, a, b, chosen.Fallback, left.Except(b.Decides), null, window, 0, []);
                    List<ulong> actual = Locations(view, both);
                    Assert.True(
                        expected.SequenceEqual(actual),
                        $"seed {seed}: {a.Family.Name} with {b.Family.Name}: {actual.Count} of {expected.Count}, {filter}");
                }
            }
        }

        Assert.True(pairs > 200);
    }

    [Fact]
    public async Task Filters_of_one_request_that_ask_alike_are_answered_as_one()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full);
        var source = new SkewedEvents(new Random(9), authors: 4);
        List<NostrEvent> events = source.Make(500, 1000, 5000);
        await store.PutAsync(events);
        Filter first = new() { Authors = IdSet.FromBytes(source.Author(0)), Kinds = KindSet.Of(1) };
        Filter second = new() { Authors = IdSet.FromBytes(source.Author(1)), Kinds = KindSet.Of(1) };
        Filter[] joined = [first, new Filter { Authors = first.Authors, Kinds = first.Kinds, Limit = 3 }, second];
        QueryExplanation how = store.Events.Explain(joined, count: true);
        Assert.Equal("filter", how.Root.Operation);
        Assert.Equal(events.Count(e => e.Kind == 1 && (e.View.PublicKey.SequenceEqual(source.Author(0))
            || e.View.PublicKey.SequenceEqual(source.Author(1)))), how.Results);
        Assert.Equal(2, store.Events.Explain([first.WithLimit(2), second.WithLimit(2)]).Root.Inputs.Count);
        Assert.Equal(
            store.Ids(first.WithLimit(7)), store.Ids(first.WithLimit(2), first.WithLimit(7), first.WithLimit(5)));
    }

    [Theory]
    [InlineData("full")]
    [InlineData("monthly")]
    public async Task Estimates_and_plans_are_the_same_after_a_restart(string stackName)
    {
        int seed = TestSeed.Or(12);
        var random = new Random(seed);
        await using TestStore store = await TestStore.OpenAsync(SyntheticQueryTests.Stack(stackName));
        List<NostrEvent> events = new SkewedEvents(random).Make(4000, store.Now - (6 * Month), 6 * Month);
        await store.PutAsync(events);
        await store.Events.CheckpointAsync();
        var source = new FilterSource(random, events.ConvertAll(e => new OracleEvent(e)));
        Filter[] filters = [.. Enumerable.Range(0, 60).Select(_ => source.NextRequest()[0].ToFilter())];
        await store.ReopenAsync();
        string[] once = [.. filters.Select(f => PlanOf(store, f))];
        await store.ReopenAsync();
        Assert.Equal(once, filters.Select(f => PlanOf(store, f)));
        Assert.Contains(once, p => p.Contains("of about", StringComparison.Ordinal));
    }

    private static string PlanOf(TestStore store, Filter filter) =>
        string.Join('\n', store.Events.Explain([filter]).ToString().Split('\n')[..^2]);

    [Theory]
    [InlineData("full")]
    [InlineData("memory")]
    public async Task A_query_allocates_nothing_however_many_entries_it_reads(string stackName)
    {
        // Mapped, as on real devices: where a device cannot map, a record store may open its file for each read.
        await using TestStore store = await TestStore.OpenAsync(SyntheticQueryTests.Stack(stackName), canMap: true);
        var source = new SkewedEvents(new Random(6), authors: 100);
        await store.PutAsync(source.Make(20_000, store.Now - (12 * Month), 12 * Month));
        await store.Events.CheckpointAsync();
        Filter[] few = [new Filter { Authors = IdSet.FromBytes(source.Author(0)), Limit = 10 }];
        Filter[] many = [few[0].WithLimit(1000)];
        Filter[] merged = [new Filter
        {
            Authors = IdSet.FromBytes([.. Enumerable.Range(0, 100).SelectMany(source.Author)]),
            Limit = 10,
        }];
        if (stackName == "memory")
        {
            // The index in memory is for comparison, not for speed: a scan costs it an object.
            long small = Allocated(() => Ask(store.Events, few));
            Assert.InRange(small, 1, 1024);
            Assert.InRange(Allocated(() => Ask(store.Events, many)) - small, -512, 990 * 3);
            return;
        }

        Filter[] byId = [new Filter { Ids = IdSet.FromBytes(Id(store.Events, few)) }];
        Filter[] two = [few[0], new Filter { Kinds = KindSet.Of(1), Limit = 10 }];
        var evenIds = new EvenIds();
        foreach (Filter[] filters in new[] { few, many, merged, [merged[0].WithLimit(1000)], byId, two })
        {
            Assert.Equal(0, Allocated(() => Ask(store.Events, filters)));
            Assert.Equal(0, Allocated(() => store.Events.Count(filters)));

            // What the caller holds of a query that it drives.
            Assert.InRange(Allocated(() => store.Events.OpenQuery(filters).Dispose()), 1, 40);
            Assert.InRange(Allocated(() => store.Events.OpenQuery(filters, evenIds).Dispose()), 1, 40);
        }

        byte[] id = Id(store.Events, few);
        Assert.Equal(0, Allocated(() =>
        {
            var sink = default(LengthSink);
            Assert.True(store.Events.TryGet(id, ref sink));
        }));
    }

    private sealed class EvenIds : EventVisibility
    {
        public override bool IsVisible(in EventView @event) => (@event.Id[^1] & 1) == 0;
    }

    private static byte[] Id(EventStore store, Filter[] filters) =>
        [.. store.Query(filters).First().View.Id];

    private static void Ask(EventStore store, Filter[] filters)
    {
        var sink = default(LengthSink);
        store.Query(filters, ref sink);
        Assert.True(sink.Count > 0);
    }

    private static long Allocated(Action work)
    {
        long least = long.MaxValue;
        for (int i = 0; i < 50; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    private static List<ulong> Locations(StoreView view, FilterPlan plan)
    {
        var window = new QueryWindow(plan.Filter, null);
        using var run = new FilterRun();
        run.Begin(view, plan, window, EntryGuard.None, wantsRecords: false, default);
        var locations = new List<ulong>();
        while (run.MoveNext())
        {
            locations.Add(run.Current.Location.Value);
        }

        return locations;
    }

    private static long Work(StoreView view, FilterPlan plan)
    {
        var window = new QueryWindow(plan.Filter, null);
        using var run = new FilterRun();
        run.Begin(view, plan, window, EntryGuard.None, wantsRecords: false, default);
        while (run.MoveNext())
        {
        }

        return run.Examined;
    }

    private struct LengthSink : IEventSink
    {
        public int Count { get; private set; }

        public bool Accept(in EventView @event)
        {
            Count++;
            return true;
        }
    }
}
