using Mortise.Engine;

namespace Mortise.Nostr.Tests.Retention;

/// <summary>What is too old goes and nothing else, whether by whole partitions or event by event.</summary>
public sealed class RetentionTests
{
    private const int Day = 86_400;
    private const int Span = 900 * Day;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_policy_keeps_stays_and_what_it_finds_too_old_goes(bool isByMonth)
    {
        int seed = TestSeed.Or(1);
        await using TestStore store = await OpenAsync(isByMonth, seed);
        List<NostrEvent> events = await FillAsync(store, seed);
        IdSet author = IdSet.FromHex(events[0].PubKey);
        var policy = new RetentionPolicy
        {
            MaxAge = TimeSpan.FromDays(400),
            Rules =
            [
                new RetentionRule { Kinds = [(7, 7)], MaxAge = TimeSpan.FromDays(30) },
                new RetentionRule { Authors = author, Kinds = [(0, 3)], MaxAge = null },
                new RetentionRule { Kinds = [(30_000, 39_999), (0, 0)], MaxAge = TimeSpan.FromDays(600) },
            ],
        };
        string[] before = [.. store.Ids(Filter.Everything).Order()];
        RetentionReport rehearsal = await store.Events.ApplyRetentionAsync(policy, isDryRun: true);
        Assert.Equal(before, store.Ids(Filter.Everything).Order());

        RetentionReport report = await store.Events.ApplyRetentionAsync(policy);
        string[] kept = [.. events.Where(e => IsKept(e.View, author, store.Now, isByMonth)).Select(static e => e.Id).Order()];
        Assert.Equal(kept, store.Ids(Filter.Everything).Order());
        Assert.Equal(before.Length - kept.Length, report.Events);
        Assert.Equal(isByMonth, report.Partitions.Count > 5);
        Assert.Equal(isByMonth, report.IndexBytes > 0);

        // Both rehearse each part alone: an event that two of them want is counted twice there.
        Assert.InRange(rehearsal.Events, report.Events, before.Length * 2);
        Assert.Equal(report.Partitions, rehearsal.Partitions);
        RequireAgreement(store, kept.Length);
        Assert.Equal(0, (await store.Events.ApplyRetentionAsync(policy)).Events);

        await store.ReopenAsync();
        Assert.Empty(store.Events.OpenReport.Rebuilt);
        Assert.Equal(kept, store.Ids(Filter.Everything).Order());
        RequireAgreement(store, kept.Length);
    }

    [Fact]
    public async Task What_was_kept_goes_when_its_own_time_has_come()
    {
        int seed = TestSeed.Or(2);
        await using TestStore store = await OpenAsync(isByMonth: true, seed);
        await FillAsync(store, seed);
        var policy = new RetentionPolicy
        {
            MaxAge = TimeSpan.FromDays(100),
            Rules = [new RetentionRule { Kinds = [(3, 3)], MaxAge = TimeSpan.FromDays(1200) }],
        };
        await store.Events.ApplyRetentionAsync(policy);
        Assert.Equal(0, (await store.Events.ApplyRetentionAsync(policy)).Events);
        long first = store.Events.Query([Kind(3)]).Min(static e => e.View.CreatedAt is 0 ? long.MaxValue : e.View.CreatedAt);
        Assert.True(first < store.Now - (500 * Day));
        store.Clock.Advance(TimeSpan.FromDays(700));
        Assert.True((await store.Events.ApplyRetentionAsync(policy)).Events > 0);
        Assert.DoesNotContain(store.Events.Query([Kind(3)]), e => e.View.CreatedAt < store.Now - (1200 * Day));
        Assert.NotEmpty(store.Ids(Kind(3)));
    }

    [Fact]
    public async Task Of_merged_months_those_that_are_over_go_and_the_others_stay()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.Monthly, TestStore.KeepEverything);
        long now = store.Now;
        List<NostrEvent> events = [.. Enumerable.Range(0, 100).Select(
            i => NostrEvent.CreateUnsigned(new byte[32], now - (i * 10 * 86_400L), 1, $"{i}"))];
        await store.PutAsync(events);
        await store.ReopenAsync();
        Assert.True(await store.Events.Engine.PackAsync() > 10);
        string[] merged = [.. store.Events.GetStatistics().Families.Single(static f => f.Name == EventProjections.Time)
            .Partitions.Select(static p => p.Name).Where(static n => n.Contains("..", StringComparison.Ordinal))];
        Assert.Equal(["2022-04..2024-11"], merged);

        // The clock stands at the first second of 2025: a year ago began with the second of January 2024.
        long january = new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds();
        var policy = new RetentionPolicy { MaxAge = TimeSpan.FromDays(365) };
        string[] kept = [.. events.Where(e => e.View.CreatedAt >= january).Select(static e => e.Id)];
        RetentionReport rehearsal = await store.Events.ApplyRetentionAsync(policy, isDryRun: true);
        RetentionReport report = await store.Events.ApplyRetentionAsync(policy);
        Assert.Equal(events.Count - kept.Length, report.Events);
        Assert.Equal(report.Partitions, rehearsal.Partitions);
        Assert.Equal(kept, store.Ids(Filter.Everything));
        Assert.Equal(0, (await store.Events.ApplyRetentionAsync(policy)).Events);
        await store.ReopenAsync();
        Assert.Equal(kept, store.Ids(Filter.Everything));
    }

    [Fact]
    public async Task Requests_to_delete_outlive_what_they_deleted()
    {
        await using TestStore store = await OpenAsync(isByMonth: true, 1);
        var actors = new Policy.PolicyActors(1, store.Now);
        NostrEvent note = actors.Make(1, actors.Alice, store.Now - (300 * Day), 1);
        NostrEvent request = actors.Make(2, actors.Alice, store.Now - (299 * Day), 5, ["e", note.Id]);
        await store.Events.PutAsync(note);
        await store.Events.PutAsync(request);
        await store.Events.ApplyRetentionAsync(new RetentionPolicy { MaxAge = TimeSpan.FromDays(30) });
        Assert.Equal([request.Id], store.Ids(Filter.Everything));
        Assert.Equal(PutOutcome.Deleted, (await store.Events.PutAsync(note)).Outcome);

        // Unless a rule is about them.
        await store.Events.ApplyRetentionAsync(new RetentionPolicy
        {
            Rules = [new RetentionRule { Kinds = [(5, 5)], MaxAge = TimeSpan.FromDays(30) }],
        });
        Assert.Empty(store.Ids(Filter.Everything));
    }

    [Fact]
    public async Task A_schedule_runs_at_once_and_at_each_interval_until_it_is_stopped()
    {
        await using TestStore store = await OpenAsync(isByMonth: true, 1);
        await FillAsync(store, 1);
        var reports = new List<long>();
        var policy = new RetentionPolicy { MaxAge = TimeSpan.FromDays(300) };
        await using (var schedule = new RetentionSchedule(
            store.Events,
            policy,
            TimeSpan.FromHours(1),
            store.Clock,
            report =>
            {
                lock (reports)
                {
                    reports.Add(report.Events);
                }
            },
            static cause => throw new InvalidOperationException("a run failed", cause)))
        {
            Assert.True(SpinWait.SpinUntil(() => Count() == 1, TimeSpan.FromMinutes(1)));
            Assert.True(reports[0] > 0);

            // The pause may begin a moment after the report; time goes on until it has.
            Assert.True(SpinWait.SpinUntil(
                () =>
                {
                    store.Clock.Advance(TimeSpan.FromDays(20));
                    return Count() >= 3;
                },
                TimeSpan.FromMinutes(1)));
        }

        int count = Count();
        store.Clock.Advance(TimeSpan.FromDays(20));
        Assert.Equal(count, Count());

        int Count()
        {
            lock (reports)
            {
                return reports.Count;
            }
        }
    }

    private static Filter Kind(int kind) => new() { Kinds = KindSet.Of(kind) };

    private static Task<TestStore> OpenAsync(bool isByMonth, int seed) => TestStore.OpenAsync(
        isByMonth ? TestStack.Monthly : TestStack.Full,
        new EventPolicyOptions { Superseded = SupersededVersions.KeepAll, HonourExpiration = false },
        seed);

    private static async Task<List<NostrEvent>> FillAsync(TestStore store, int seed)
    {
        List<NostrEvent> events =
            new SyntheticEvents(new Random(seed)).Make(TestSeed.Soaked(800), store.Now - Span, Span);
        await store.PutAsync(events, batch: 50);
        HashSet<string> stored = [.. store.Ids(Filter.Everything)];
        return [.. events.Where(e => stored.Contains(e.Id))];
    }

    // The policy of the first test, said again in another way.
    private static bool IsKept(EventView @event, IdSet author, long now, bool isByMonth)
    {
        double age = (now - (double)@event.CreatedAt) / Day;
        return @event.Kind switch
        {
            7 => age <= 30,
            0 or 1 or 3 when author.Contains(@event.PublicKey) => true,
            0 or (>= 30_000 and < 40_000) => age <= 600,
            _ => isByMonth ? LastOfMonth(@event.CreatedAt) >= now - (400L * Day) : age <= 400,
        };
    }

    private static long LastOfMonth(long second)
    {
        if (second > new DateTimeOffset(2060, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds())
        {
            return long.MaxValue;
        }

        DateTimeOffset date = DateTimeOffset.FromUnixTimeSeconds(second);
        return date.Year < 2020
            ? new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds() - 1
            : new DateTimeOffset(date.Year, date.Month, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(1).ToUnixTimeSeconds() - 1;
    }

    private static void RequireAgreement(TestStore store, int events)
    {
        using StoreView view = store.Events.Engine.OpenView();
        AgreementReport agreement = AgreementCheck.Run(view);
        Assert.True(agreement.IsClean, string.Join("; ", agreement.Families.SelectMany(static f => f.Findings)));
        Assert.Equal(events, agreement.Records);
    }
}
