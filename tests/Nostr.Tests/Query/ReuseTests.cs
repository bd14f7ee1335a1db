using System.Runtime.CompilerServices;
using Mortise.Engine;

namespace Mortise.Nostr.Tests.Query;

/// <summary>What a query is made of serves the next one, and no query ever notices.</summary>
public sealed class ReuseTests
{
    [Theory]
    [InlineData("full")]
    [InlineData("monthly")]
    [InlineData("tag orders")]
    public async Task Queries_opened_read_broken_off_and_disposed_in_any_order_answer_as_if_each_were_alone(string stackName)
    {
        int seed = TestSeed.Or(1117);
        var random = new Random(seed);
        await using TestStore store = await TestStore.OpenAsync(
            SyntheticQueryTests.Stack(stackName), TestStore.KeepEverything);
        List<NostrEvent> events = new SyntheticEvents(random).Make(500, store.Now - 15, 30);
        await store.PutAsync(events, batch: 100);
        List<OracleEvent> visible = store.Events.Query([Filter.Everything]).Select(e => new OracleEvent(e)).ToList();
        var source = new FilterSource(random, visible);
        var open = new List<Reading>();
        var told = new List<(QueryExplanation Explanation, string Text)>();
        int opened = 0;
        for (int i = 0; i < TestSeed.Soaked(2000); i++)
        {
            if (open.Count == 0 || (open.Count < QueryFrames.MaxIdle + 8 && random.Next(4) == 0))
            {
                opened++;
                OracleFilter[] request = source.NextRequest();
                Filter[] filters = Array.ConvertAll(request, f => f.ToFilter());
                open.Add(new Reading(
                    store.Events.OpenQuery(filters),
                    OracleFilter.Answer(request, visible, null),
                    $"seed {seed}, query {opened}: [{string.Join(", ", request.Select(f => f.ToJson()))}]"));
                continue;
            }

            int at = random.Next(open.Count);
            Reading reading = open[at];
            switch (random.Next(12))
            {
                case 0:
                    // The collector may have it; whatever it borrowed is lost to the others, and nothing else.
                    open.RemoveAt(at);
                    break;
                case 1 or 2:
                    open.RemoveAt(at);
                    reading.Query.Dispose();
                    reading.Query.Dispose();
                    Assert.Throws<ObjectDisposedException>(() => reading.Query.Count());
                    break;
                case 3:
                    open.RemoveAt(at);
                    if (reading.Left > 0)
                    {
                        var failing = default(Failing);
                        Assert.Throws<InvalidDataException>(() => reading.Query.PushNext(ref failing));
                    }

                    reading.Query.Dispose();
                    break;
                case 4:
                    QueryExplanation explanation = reading.Query.Explain(reading.Read);
                    told.Add((explanation, explanation.ToString()));
                    break;
                case 5:
                    open.RemoveAt(at);
                    Assert.True(reading.Left == reading.Query.Count(), reading.Context);
                    reading.Query.Dispose();
                    break;
                default:
                    reading.ReadSome(random.Next(1, 20));
                    break;
            }
        }

        Assert.True(opened > 60);
        Assert.All(told, static t => Assert.Equal(t.Text, t.Explanation.ToString()));
        open.ForEach(static reading => reading.Query.Dispose());
    }

    [Fact]
    public async Task A_disposed_query_says_so_and_the_one_that_has_its_parts_goes_on()
    {
        await using TestStore store = await FilledAsync();
        EventQuery first = store.Events.OpenQuery([Filter.Everything]);
        var sink = default(Taking);
        Assert.True(first.PushNext(ref sink));
        Lsn seen = first.Lsn;
        first.Dispose();
        using EventQuery second = store.Events.OpenQuery([Filter.Everything]);
        Assert.True(second.PushNext(ref sink));
        first.Dispose();
        Assert.Throws<ObjectDisposedException>(() => first.PushNext(ref sink));
        Assert.Throws<ObjectDisposedException>(() => first.Count());
        Assert.Throws<ObjectDisposedException>(() => first.Explain(0));
        Assert.Equal(seen, first.Lsn);

        // Had the first one given its parts back twice, the third would have those of the second.
        using EventQuery third = store.Events.OpenQuery([Filter.Everything.WithLimit(3)]);
        Assert.Equal(3, third.Count());
        Assert.Equal(Count - 1, second.Count());
    }

    [Fact]
    public async Task A_query_that_cannot_be_planned_or_is_cancelled_leaves_nothing_behind()
    {
        await using TestStore store = await FilledAsync();
        using var cancellation = new CancellationTokenSource();
        await cancellation.CancelAsync();
        WeakReference state = CurrentState(store.Events);
        Filter[] unanswerable = [Filter.Everything, new Filter { Search = "word" }];
        var sink = default(Taking);
        for (int i = 0; i < 3; i++)
        {
            Assert.Throws<ArgumentException>(() => store.Events.OpenQuery(unanswerable));
            Assert.Throws<ArgumentException>(() => store.Events.Query(unanswerable, ref sink));
            Assert.Throws<OperationCanceledException>(
                () => store.Events.Query([Filter.Everything], ref sink, null, cancellation.Token));
            Assert.Equal(Count, store.Events.Count([Filter.Everything]));
        }

        // No view is open, and no part of a query that waits for the next one refers to what an earlier one saw.
        await store.PutAsync([.. Enumerable.Range(0, 3).Select(
            i => NostrEvent.CreateUnsigned(new byte[32], store.Now + i, 1, $"later {i}"))], batch: 1);
        Assert.True(IsCollected(state));
    }

    [Fact]
    public async Task A_sink_may_dispose_its_query_and_ask_others_but_not_its_own()
    {
        await using TestStore store = await FilledAsync();
        EventQuery query = store.Events.OpenQuery([Filter.Everything]);
        var sink = new Meddling(query, store.Events);
        Assert.True(query.PushNext(ref sink));
        Assert.Equal(2 * Count, sink.Counted);
        Assert.Throws<ObjectDisposedException>(() => query.PushNext(ref sink));
        Assert.Equal(Count, store.Events.Count([Filter.Everything]));
    }

    [Fact]
    public async Task Threads_that_share_a_query_against_the_rules_harm_nobody_else()
    {
        await using TestStore store = await FilledAsync();
        int rounds = TestSeed.Soaked(60);
        int honest = 0;
        Task[] others = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < rounds; i++)
            {
                Assert.Equal(Count, store.Events.Count([Filter.Everything]));
                Interlocked.Increment(ref honest);
            }
        }))];
        for (int i = 0; i < rounds; i++)
        {
            EventQuery shared = store.Events.OpenQuery([Filter.Everything]);
            using var start = new Barrier(3);
            Task[] rivals = [
                Task.Run(() => Race(shared, start)),
                Task.Run(() => Race(shared, start)),
                Task.Run(() =>
                {
                    start.SignalAndWait();
                    Thread.SpinWait(100);
                    shared.Dispose();
                })];
            await Task.WhenAll(rivals);
            Assert.Throws<ObjectDisposedException>(() => shared.Count());
        }

        await Task.WhenAll(others);
        Assert.Equal(2 * rounds, honest);
    }

    [Fact]
    public async Task An_abandoned_query_is_collected_with_its_parts()
    {
        await using TestStore store = await FilledAsync();
        WeakReference abandoned = Abandon(store.Events);
        Assert.True(IsCollected(abandoned));
        Assert.Equal(Count, store.Events.Count([Filter.Everything]));
    }

    private const int Count = 300;

    private static async Task<TestStore> FilledAsync()
    {
        TestStore store = await TestStore.OpenAsync(SyntheticQueryTests.Stack("id"), TestStore.KeepEverything);
        await store.PutAsync([.. Enumerable.Range(0, Count).Select(
            i => NostrEvent.CreateUnsigned(new byte[32], store.Now - 1000 + i, 1, $"{i}"))]);
        return store;
    }

    // Reads until somebody has disposed the query.
    private static void Race(EventQuery shared, Barrier start)
    {
        start.SignalAndWait();
        while (true)
        {
            try
            {
                var sink = default(Taking);
                shared.PushNext(ref sink);
            }
            catch (InvalidOperationException e) when (e is not ObjectDisposedException)
            {
                // The other one was at it.
            }
            catch (ObjectDisposedException)
            {
                return;
            }
        }
    }

    private static bool IsCollected(WeakReference reference)
    {
        // Work in the background may hold it for a moment more.
        for (int i = 0; i < 1000 && reference.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Thread.Sleep(Math.Min(i, 20));
        }

        return !reference.IsAlive;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference CurrentState(EventStore store)
    {
        using StoreView view = store.Engine.OpenView();
        return new WeakReference(view.Families[0]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Abandon(EventStore store)
    {
        EventQuery query = store.OpenQuery([Filter.Everything]);
        var sink = default(Taking);
        query.PushNext(ref sink);
        return new WeakReference(query);
    }

    private sealed class Reading(EventQuery query, List<string> expected, string context)
    {
        public EventQuery Query => query;

        public string Context => context;

        public int Read { get; private set; }

        public int Left => expected.Count - Read;

        public void ReadSome(int count)
        {
            for (; count > 0; count--)
            {
                var sink = default(Taking);
                bool found = query.PushNext(ref sink);
                Assert.True(found == Left > 0, context);
                if (!found)
                {
                    return;
                }

                Assert.True(expected[Read] == sink.Id, $"result {Read}, {context}");
                Read++;
            }
        }
    }

    private struct Taking : IEventSink
    {
        public string? Id { get; private set; }

        public bool Accept(in EventView @event)
        {
            Id = Convert.ToHexStringLower(@event.Id);
            return true;
        }
    }

    private struct Failing : IEventSink
    {
        public readonly bool Accept(in EventView @event) => throw new InvalidDataException("a sink's own failure");
    }

    private struct Meddling(EventQuery query, EventStore store) : IEventSink
    {
        public long Counted { get; private set; }

        public bool Accept(in EventView @event)
        {
            EventQuery own = query;
            Counted += store.Count([Filter.Everything]);
            Assert.Throws<InvalidOperationException>(() => own.Count());
            own.Dispose();
            own.Dispose();
            Assert.Throws<ObjectDisposedException>(() => own.Count());

            // What the query is made of is still its own.
            Counted += store.Count([Filter.Everything]);
            return true;
        }
    }
}
