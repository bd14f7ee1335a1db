using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;
using Mortise.Nostr;
using Mortise.Relay;

namespace Mortise.Bench.Relay;

/// <summary>A relay in this process, on an empty store in a temporary folder, with the default stack and a relay's
/// rules.</summary>
internal sealed class RelayUnderTest : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;

    private RelayUnderTest(DirectoryInfo folder) => _folder = folder;

    public required EventStore Store { get; init; }

    public required NostrRelay Relay { get; init; }

    public required RelayServer Server { get; init; }

    public Uri Address => new(Server.Urls[0].Replace("http://", "ws://", StringComparison.Ordinal));

    public static async Task<RelayUnderTest> StartAsync(IEventVerifier? verifier, string syncMode = "batch")
    {
        var options = new MortiseHostOptions { Projections = [.. EventProjections.All.Keys] };
        foreach (string folder in PluginFolders.Find(AppContext.BaseDirectory))
        {
            options.PluginFolders.Add(folder);
        }

        var host = new MortiseHost(options);
        DirectoryInfo data = Directory.CreateTempSubdirectory("mortise-bench-");
        ComposedStore composed = host.Compose(
            host.Resolve(StackFile.Parse("bench", DefaultStack.Text, [$"wal.syncMode={syncMode}"])),
            data.FullName);
        var policy = new EventPolicyOptions();
        EventStore store = await EventStore.OpenAsync(composed.Composition, new EventStoreOptions { Policy = policy });
        var behaviour = new RelayOptions
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

        // For clients that offer it; the others are not touched by it.
        behaviour.Compression = true;
        behaviour.Limits.MaxConnectionsPerAddress = 100_000;
        behaviour.Limits.MaxConnections = 100_000;
        behaviour.Admission.MaxFuture = TimeSpan.FromDays(100_000);
        var relay = new NostrRelay(store, policy, behaviour, verifier: verifier);
        RelayServer server = await RelayServer.StartAsync(relay, ["http://127.0.0.1:0"], composed);
        return new RelayUnderTest(data) { Store = store, Relay = relay, Server = server };
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Relay.DisposeAsync();
        await Store.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
