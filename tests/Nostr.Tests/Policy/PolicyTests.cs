namespace Mortise.Nostr.Tests.Policy;

public sealed class PolicyTests
{
    private static readonly EventPolicyOptions s_policy = new() { RelayUrls = ["wss://here.example"] };

    public static TheoryData<string> Names => [.. PolicyCases.All.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_order_of_arrival_leaves_the_same_events(string name)
    {
        PolicyCase policyCase = PolicyCases.All.Single(c => c.Name == name);
        var time = new GatedTime();
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full, s_policy, time: time);
        await CheckAsync(policyCase, store, time, every: 1);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_stack_without_families_for_the_rules_follows_them_too(string name)
    {
        PolicyCase policyCase = PolicyCases.All.Single(c => c.Name == name);
        var time = new GatedTime();
        await using TestStore store = await TestStore.OpenAsync(TestStack.IdOnly, s_policy, time: time);
        await CheckAsync(policyCase, store, time, every: 17);
    }

    [Fact]
    public async Task Deleting_the_newest_version_never_leaves_it()
    {
        // Without the dropped version or a trace of the deleted one, which of the two remains depends on what came first.
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full, s_policy);
        await using TestStore all = await TestStore.OpenAsync(
            TestStack.Full, new EventPolicyOptions { Superseded = SupersededVersions.KeepAll });
        int run = 0;
        foreach (int[] order in Permutations(3))
        {
            var actors = new PolicyActors(++run, store.Now);
            List<(string Label, NostrEvent Event)> events =
            [
                ("v1", actors.Make(1, actors.Alice, 10, 0)), ("v2", actors.Make(2, actors.Alice, 20, 0)),
                ("d", actors.Make(3, actors.Alice, 30, 5, ["e", actors.Id(2)])),
            ];
            List<NostrEvent> arriving = order.Select(i => events[i].Event).ToList();
            await store.PutAsync(arriving, batch: 1);
            await all.PutAsync(arriving, batch: 1);
            Assert.Contains(Left(store, actors, events), (string[])["d", "d v1"]);
            Assert.Equal("d v1", Left(all, actors, events));
        }
    }

    [Theory]
    [InlineData(1, "v4")]
    [InlineData(2, "v4 w4")]
    [InlineData(3, "v3 v4 w4")]
    [InlineData(9, "v1 v2 v3 v4 w4")]
    public async Task The_newest_versions_stay_as_many_as_are_kept(int kept, string left)
    {
        var policy = new EventPolicyOptions { Superseded = SupersededVersions.KeepSome, KeptVersions = kept };
        var policyCase = new PolicyCase(
            "kept versions",
            a =>
            [
                ("v1", a.Make(1, a.Alice, 10, 30023, ["d", "x"])), ("v2", a.Make(2, a.Alice, 20, 30023, ["d", "x"])),
                ("v3", a.Make(3, a.Alice, 30, 30023, ["d", "x"])), ("v4", a.Make(4, a.Alice, 40, 30023, ["d", "x"])),
                ("w4", a.Make(5, a.Alice, 40, 30023, ["d", "x"])),
            ],
            left);
        foreach (TestStack stack in (TestStack[])[TestStack.Full, TestStack.IdOnly])
        {
            var time = new GatedTime();
            await using TestStore store = await TestStore.OpenAsync(stack, policy, time: time);
            await CheckAsync(policyCase, store, time, every: stack == TestStack.Full ? 1 : 29);
        }
    }

    [Fact]
    public async Task An_expired_version_is_none_of_those_that_are_kept()
    {
        var policy = new EventPolicyOptions { Superseded = SupersededVersions.KeepSome, KeptVersions = 2 };
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full, policy);
        var actors = new PolicyActors(1, store.Now);
        string soon = (store.Now + 5).ToString(System.Globalization.CultureInfo.InvariantCulture);
        NostrEvent[] versions =
        [
            actors.Make(1, actors.Alice, 10, 0), actors.Make(2, actors.Alice, 20, 0),
            actors.Make(3, actors.Alice, 30, 0, ["expiration", soon]), actors.Make(4, actors.Alice, 5, 0),
        ];
        await store.PutAsync([versions[0], versions[2]]);
        Assert.Equal(PutOutcome.Superseded, (await store.Events.PutAsync(versions[3])).Outcome);
        store.Clock.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(PutOutcome.Stored, (await store.Events.PutAsync(versions[3])).Outcome);
        Assert.Equal(2, store.Events.GetStatistics().Records.LiveRecords);
        Assert.Equal(PutOutcome.Stored, (await store.Events.PutAsync(versions[1])).Outcome);
        Assert.Equal([versions[1].Id, versions[0].Id], store.Ids(Filter.Everything));
    }

    [Fact]
    public async Task What_was_decided_holds_after_a_restart()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full, s_policy);
        var actors = new PolicyActors(1, store.Now);
        NostrEvent note = actors.Make(1, actors.Alice, 10, 1);
        NostrEvent article = actors.Make(2, actors.Alice, 10, 30023, ["d", "x"]);
        NostrEvent request = actors.Make(
            3, actors.Alice, 20, 5, ["e", actors.Id(1)], ["a", $"30023:{actors.AliceHex}:x"]);
        NostrEvent profile = actors.Make(4, actors.Bob, 30, 0);
        NostrEvent older = actors.Make(5, actors.Bob, 20, 0);
        await store.PutAsync([note, article, request, profile], batch: 1);
        foreach (bool kill in (bool[])[false, true])
        {
            await (kill ? store.KillAsync() : store.ReopenAsync());
            List<PutResult> results = await store.PutAsync([note, article, request, profile, older], batch: 1);
            Assert.Equal(
                [PutOutcome.Deleted, PutOutcome.Deleted, PutOutcome.Duplicate, PutOutcome.Duplicate, PutOutcome.Superseded],
                results.Select(r => r.Outcome));
        }
    }

    [Fact]
    public async Task An_expired_version_does_not_stand_in_the_way_of_another()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full, s_policy);
        var actors = new PolicyActors(1, store.Now);
        string soon = (store.Now + 10).ToString(System.Globalization.CultureInfo.InvariantCulture);
        NostrEvent passing = actors.Make(1, actors.Alice, 20, 0, ["expiration", soon]);
        NostrEvent older = actors.Make(2, actors.Alice, 10, 0);
        Assert.Equal(PutOutcome.Stored, (await store.Events.PutAsync(passing)).Outcome);
        Assert.Equal(PutOutcome.Superseded, (await store.Events.PutAsync(older)).Outcome);
        Assert.Equal([passing.Id], store.Ids(Filter.Everything));
        store.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Empty(store.Ids(Filter.Everything));
        Assert.Null(store.Events.Get(Convert.FromHexString(passing.Id)));
        Assert.Equal(0, store.Events.Count([Filter.Everything]));
        Assert.Equal(PutOutcome.Stored, (await store.Events.PutAsync(older)).Outcome);
        Assert.Equal([older.Id], store.Ids(Filter.Everything));
        Assert.Equal(1, store.Events.GetStatistics().Records.LiveRecords);
    }

    [Fact]
    public async Task Expired_events_can_be_removed()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full, s_policy);
        var actors = new PolicyActors(1, store.Now);
        for (int i = 1; i <= 5; i++)
        {
            string at = (store.Now + (i * 10)).ToString(System.Globalization.CultureInfo.InvariantCulture);
            await store.Events.PutAsync(actors.Make(i, actors.Alice, 10, 1, ["expiration", at]));
        }

        Assert.Equal(0, await store.Events.RemoveExpiredAsync());
        store.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(2, await store.Events.RemoveExpiredAsync(most: 2));
        Assert.Equal(1, await store.Events.RemoveExpiredAsync(most: 2));
        Assert.Equal(2, store.Events.GetStatistics().Records.LiveRecords);
    }

    [Fact]
    public async Task A_removed_event_may_come_back()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full, s_policy);
        var actors = new PolicyActors(1, store.Now);
        NostrEvent note = actors.Make(1, actors.Alice, 10, 1);
        await store.Events.PutAsync(note);
        Assert.True(await store.Events.DeleteAsync(Convert.FromHexString(note.Id)));
        Assert.False(await store.Events.DeleteAsync(Convert.FromHexString(note.Id)));
        Assert.Equal(PutOutcome.Stored, (await store.Events.PutAsync(note)).Outcome);
    }

    [Fact]
    public async Task A_write_that_fails_after_it_was_decided_leaves_no_decision_behind()
    {
        var time = new GatedTime();
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full, s_policy, time: time, maxCommit: ByteSize.KiB(8));
        var actors = new PolicyActors(1, store.Now);
        NostrEvent profile = actors.Make(1, actors.Alice, 10, 0);
        NostrEvent large = NostrEvent.CreateUnsigned(actors.Alice, 20, 0, new string('x', 9000));
        NostrEvent note = actors.Make(3, actors.Bob, 10, 1);

        // All three are decided in one group: the large one replaces the first, and is then too large for the log.
        time.Hold();
        Task first = Task.Run(() => store.Events.PutAsync(note).AsTask());
        time.WaitUntilHeld();
        Task<PutResult> small = store.Events.PutAsync(profile).AsTask();
        Task<PutResult> failing = store.Events.PutAsync(large).AsTask();
        Task<PutResult> again = store.Events.PutAsync(profile).AsTask();
        time.Release();
        await first;
        Assert.Equal(PutOutcome.Stored, (await small).Outcome);
        Assert.Equal(StorageErrorCode.LimitExceeded, (await Assert.ThrowsAsync<StorageException>(() => failing)).Code);
        Assert.Equal(PutOutcome.Duplicate, (await again).Outcome);
        Assert.Equal([note.Id, profile.Id], store.Ids(Filter.Everything).OrderDescending());
    }

    private static async Task CheckAsync(PolicyCase policyCase, TestStore store, GatedTime time, int every)
    {
        int run = 0;
        int count = policyCase.Events(new PolicyActors(0, store.Now)).Count;
        foreach (int[] order in Permutations(count))
        {
            for (int mode = 0; mode < 3; mode++)
            {
                if (++run % every != 0 && run > 6)
                {
                    continue;
                }

                var actors = new PolicyActors(run, store.Now);
                List<(string Label, NostrEvent Event)> events = policyCase.Events(actors);
                List<NostrEvent> arriving = order.Select(i => events[i].Event).ToList();
                if (mode < 2)
                {
                    await store.PutAsync(arriving, batch: mode == 0 ? 1 : arriving.Count);
                }
                else
                {
                    await PutAsGroupAsync(store, time, actors, arriving);
                }

                string expected = string.Join(' ', policyCase.Left.Split(' ').Order());
                Assert.True(
                    expected == Left(store, actors, events),
                    $"expected '{expected}', found '{Left(store, actors, events)}' after "
                    + string.Join(' ', order.Select(i => events[i].Label)) + $", mode {mode}");
            }
        }
    }

    /// <summary>Writes that wait behind one that is held are decided as one group.</summary>
    private static async Task PutAsGroupAsync(TestStore store, GatedTime time, PolicyActors actors, List<NostrEvent> events)
    {
        time.Hold();
        Task first = Task.Run(() => store.Events.PutAsync(actors.Make(0xFF, new byte[32], 1, 1)).AsTask());
        time.WaitUntilHeld();
        List<Task> waiting = events.ConvertAll(e => (Task)store.Events.PutAsync(e).AsTask());
        time.Release();
        await Task.WhenAll([first, .. waiting]);
    }

    private static string Left(TestStore store, PolicyActors actors, List<(string Label, NostrEvent Event)> events)
    {
        var filter = new Filter { Authors = IdSet.FromBytes([.. actors.Alice, .. actors.Bob, .. actors.Carol]) };
        return string.Join(' ', store.Ids(filter).Select(id => events.First(e => e.Event.Id == id).Label).Order());
    }

    private static IEnumerable<int[]> Permutations(int count)
    {
        if (count == 0)
        {
            yield return [];
            yield break;
        }

        foreach (int[] shorter in Permutations(count - 1))
        {
            for (int at = 0; at < count; at++)
            {
                yield return [.. shorter[..at], count - 1, .. shorter[at..]];
            }
        }
    }
}
