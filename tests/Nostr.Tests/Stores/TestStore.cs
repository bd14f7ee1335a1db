using Mortise.Conformance;
using Mortise.Indexing;
using Mortise.Search.Words;

namespace Mortise.Nostr.Tests;

/// <summary>An event store on a simulated disk, which can be closed and opened again.</summary>
internal sealed class TestStore : IAsyncDisposable
{
    private readonly TestStack _stack;
    private readonly EventStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly ByteSize _maxCommit;
    private SimWorld _world;

    private TestStore(
        TestStack stack, EventPolicyOptions policy, SimWorld world, TimeProvider time, ByteSize maxCommit)
    {
        _time = time;
        _maxCommit = maxCommit;
        _stack = stack;
        _options = new EventStoreOptions
        {
            Policy = policy,
            Projections = new Dictionary<string, IKeyProjection>
            {
                [TestStack.Words] = EventProjections.OfTerms("mortise.search.words", new WordsProjection(new WordsOptions())),
            },
        };
        _world = world;
    }

    public EventStore Events { get; private set; } = null!;

    public SimClock Clock => _world.Clock;

    public SimDisk Disk => _world.Disk;

    public long Now => Clock.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>Stores everything as it comes; only expiration hides.</summary>
    public static EventPolicyOptions KeepEverything { get; } = new()
    {
        Superseded = SupersededVersions.KeepAll,
        HonourDeletions = false,
        HonourVanish = false,
    };

    public static async Task<TestStore> OpenAsync(
        TestStack stack,
        EventPolicyOptions? policy = null,
        int seed = 1,
        GatedTime? time = null,
        ByteSize? maxCommit = null,
        bool canMap = false)
    {
        var world = new SimWorld((ulong)seed, new SimDiskOptions { KeepLog = false, CanMap = canMap });
        if (time is not null)
        {
            time.Clock = world.Clock;
        }

        var store = new TestStore(
            stack, policy ?? new EventPolicyOptions(), world, (TimeProvider?)time ?? world.Clock, maxCommit ?? ByteSize.MiB(16));
        await store.OpenAsync();
        return store;
    }

    /// <summary>Puts events in batches and gives all results.</summary>
    public async Task<List<PutResult>> PutAsync(IReadOnlyList<NostrEvent> events, int batch = 500)
    {
        var results = new List<PutResult>();
        for (int i = 0; i < events.Count; i += batch)
        {
            results.AddRange(await Events.PutAsync(events.Skip(i).Take(batch).ToList()));
        }

        return results;
    }

    public List<string> Ids(params Filter[] filters) => Events.Query(filters).Select(e => e.Id).ToList();

    public async Task ReopenAsync()
    {
        await Events.DisposeAsync();
        await OpenAsync();
    }

    /// <summary>Ends the process without closing anything, and starts the next.</summary>
    public async Task KillAsync()
    {
        _world = _world.AfterProcessDeath();
        await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Events.DisposeAsync();
        _world.Dispose();
    }

    private async Task OpenAsync() => Events = await EventStore.OpenAsync(_stack.Compose(_world, _time, _maxCommit), _options);
}
