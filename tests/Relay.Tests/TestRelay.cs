using System.Reflection;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Indexing;
using Mortise.Nostr;

namespace Mortise.Relay.Tests;

/// <summary>A relay on a store of its own, on a free port of this machine.</summary>
internal sealed class TestRelay : IAsyncDisposable
{
    private static readonly MortiseHost s_host = CreateHost();

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mortise-relay-");

    private TestRelay()
    {
    }

    public static string Root => typeof(TestRelay).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(static m => m.Key == "RepositoryRoot").Value!;

    public static string Plugins => Path.Combine(Root, "artifacts", "plugins");

    public EventStore Store { get; private set; } = null!;

    public NostrRelay Relay { get; private set; } = null!;

    public RelayServer Server { get; private set; } = null!;

    public Uri Http => new(Server.Urls[0]);

    public Uri Ws => new(Server.Urls[0].Replace("http://", "ws://", StringComparison.Ordinal));

    /// <summary>Options under which tests are not slowed down.</summary>
    public static RelayOptions Fast(Action<RelayOptions>? change = null)
    {
        var options = new RelayOptions
        {
            Rates = new RateOptions
            {
                EventsPerConnection = 0,
                EventsPerAddress = 0,
                EventsPerKey = 0,
                RequestsPerConnection = 0,
                RequestsPerAddress = 0,
                ConnectionsPerAddress = 0,
            },
        };
        options.Limits.MaxConnectionsPerAddress = 10_000;
        change?.Invoke(options);
        return options;
    }

    public static async Task<TestRelay> StartAsync(
        RelayOptions? options = null,
        EventPolicyOptions? policy = null,
        string[]? stack = null,
        IEventVerifier? verifier = null,
        IReadOnlyList<IAdmissionRule>? rules = null,
        TimeProvider? time = null)
    {
        var test = new TestRelay();
        policy ??= new EventPolicyOptions();
        ResolvedStack resolved = s_host.Resolve(
            StackFile.Parse("test", DefaultStack.Text, ["wal.syncMode=never", .. stack ?? []]));
        ComposedStore composed = s_host.Compose(resolved, test._folder.FullName);
        test.Store = await EventStore.OpenAsync(composed.Composition, new EventStoreOptions
        {
            Policy = policy,
            Projections = composed.Projections.ToDictionary(
                static p => p.Key,
                static p => (IKeyProjection)EventProjections.OfTerms(p.Value.ComponentId, p.Value.Terms)),
        });
        test.Relay = new NostrRelay(test.Store, policy, options ?? Fast(), rules, verifier, time: time);
        test.Server = await RelayServer.StartAsync(test.Relay, ["http://127.0.0.1:0"], composed);
        return test;
    }

    public Task<TestClient> ConnectAsync() => TestClient.ConnectAsync(Ws);

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Relay.DisposeAsync();
        await Store.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static MortiseHost CreateHost()
    {
        var options = new MortiseHostOptions { Projections = [.. EventProjections.All.Keys] };
        options.PluginFolders.Add(Plugins);
        return new MortiseHost(options);
    }
}
