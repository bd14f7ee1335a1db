using Mortise.Conformance;

namespace Mortise.Nostr.Tests.Query;

/// <summary>Records up to <c>inlineBelow</c> come with their index entries.</summary>
public sealed class InlineRecordTests
{
    private const int Small = 300;

    [Fact]
    public async Task A_scan_of_small_records_never_touches_the_record_store()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.Monthly, TestStore.KeepEverything);
        byte[] author = new byte[32];
        await store.PutAsync([.. Enumerable.Range(0, Small).Select(
            i => NostrEvent.CreateUnsigned(author, store.Now - i, 1, $"small {i}"))]);
        NostrEvent large = NostrEvent.CreateUnsigned(author, store.Now, 30, new string('x', 1000));
        await store.PutAsync([large]);
        List<string> expected = [.. store.Events.Query([Filter.Parse("""{"kinds":[1]}""")]).Select(e => e.ToJson())];
        Assert.Equal(Small, expected.Count);

        await store.ReopenAsync();
        SimFault fault = store.Disk.Plant(SimOperationKind.Read, "records/*", 1, SimFaultEffect.Io, sticky: true);
        Assert.Equal(expected, store.Events.Query([Filter.Parse("""{"kinds":[1]}""")]).Select(e => e.ToJson()));
        Assert.Equal(0, fault.Fired);

        // The fault is real: a record above the threshold has to be read.
        Assert.Throws<StorageException>(() => store.Ids(Filter.Parse("""{"kinds":[30]}""")));
        Assert.True(fault.Fired > 0);
    }
}
