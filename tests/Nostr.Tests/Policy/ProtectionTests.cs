using System.Text;

namespace Mortise.Nostr.Tests.Policy;

public sealed class ProtectionTests
{
    private static readonly byte[] s_stranger = [.. Enumerable.Repeat((byte)7, 32)];

    [Fact]
    public async Task A_protected_event_is_taken_from_its_author_only()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full);
        var actors = new PolicyActors(1, store.Now);
        NostrEvent note = actors.Make(1, actors.Alice, 10, 1, ["-"]);
        NostrEvent plain = actors.Make(2, actors.Alice, 10, 1, ["t", "-"]);
        Assert.Equal(PutOutcome.Protected, (await store.Events.PutAsync(note, IdSet.Empty)).Outcome);
        Assert.Equal(PutOutcome.Protected, (await store.Events.PutAsync(note, IdSet.FromBytes(actors.Bob))).Outcome);
        Assert.Equal(PutOutcome.Stored, (await store.Events.PutAsync(plain, IdSet.Empty)).Outcome);
        Assert.Equal([plain.Id], store.Ids(Filter.Everything));

        IdSet several = IdSet.FromBytes([.. s_stranger, .. actors.Alice]);
        Assert.Equal(PutOutcome.Stored, (await store.Events.PutAsync(note, several)).Outcome);
        Assert.Equal(PutOutcome.Protected, (await store.Events.PutAsync(note, IdSet.Empty)).Outcome);
        Assert.Equal([note.Id, plain.Id], store.Ids(Filter.Everything).Order());
    }

    [Fact]
    public async Task The_owner_puts_any_event_and_a_stack_may_not_care()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full);
        var actors = new PolicyActors(1, store.Now);
        NostrEvent note = actors.Make(1, actors.Alice, 10, 1, ["-"]);
        Assert.Equal(PutOutcome.Stored, (await store.Events.PutAsync(note)).Outcome);

        await using TestStore open = await TestStore.OpenAsync(
            TestStack.Full, new EventPolicyOptions { HonourProtection = false });
        Assert.Equal(PutOutcome.Stored, (await open.Events.PutAsync(note, IdSet.Empty)).Outcome);
    }

    [Fact]
    public async Task A_protected_ephemeral_event_of_a_stranger_reaches_no_subscription()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full);
        var actors = new PolicyActors(1, store.Now);
        await using EventSubscription subscription = store.Events.Subscribe([Filter.Everything]);
        NostrEvent refused = actors.Make(1, actors.Alice, 10, 20001, ["-"]);
        NostrEvent sent = actors.Make(2, actors.Alice, 10, 20001, ["-"]);
        Assert.Equal(PutOutcome.Protected, (await store.Events.PutAsync(refused, IdSet.FromBytes(actors.Bob))).Outcome);
        Assert.Equal(PutOutcome.Ephemeral, (await store.Events.PutAsync(sent, IdSet.FromBytes(actors.Alice))).Outcome);
        await subscription.DisposeAsync();
        List<SubscriptionItem> items = await subscription.ReadAllAsync().ToListAsync();
        Assert.Equal([sent.Id], items.Where(i => i.Kind == SubscriptionItemKind.Live).Select(i => i.Event!.Id));
    }

    [Theory]
    [InlineData(6, """["-"]""", PutOutcome.Protected)]
    [InlineData(16, """["p","x"],["-","why"]""", PutOutcome.Protected)]
    [InlineData(6, """["\u002d"]""", PutOutcome.Protected)]
    [InlineData(6, """["t","-"]""", PutOutcome.Stored)]
    [InlineData(1, """["-"]""", PutOutcome.Stored)]
    public async Task A_repost_that_contains_a_protected_event_is_taken_from_nobody(
        int kind, string tags, PutOutcome expected)
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full);
        var actors = new PolicyActors(1, store.Now);
        string content = $$"""
            {"id":"{{actors.Id(9)}}","pubkey":"{{actors.AliceHex}}","created_at":1,"kind":1,"tags":[{{tags}}],
             "content":"","sig":"{{new string('0', 128)}}"}
            """;
        NostrEvent repost = NostrEvent.FromRecord(EventRecord.Encode(
            Convert.FromHexString(actors.Id(1)),
            actors.Alice,
            new byte[64],
            10,
            kind,
            new TagListWriter(),
            Encoding.UTF8.GetBytes(content)));
        Assert.Equal(expected, (await store.Events.PutAsync(repost, IdSet.FromBytes(actors.Alice))).Outcome);
        Assert.Equal(expected == PutOutcome.Stored ? 1 : 0, store.Ids(Filter.Everything).Count);
    }
}
