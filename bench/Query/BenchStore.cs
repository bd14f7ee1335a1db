using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Indexing;
using Mortise.Nostr;

namespace Mortise.Bench.Query;

/// <summary>A store in a folder, in the default stack with overrides.</summary>
internal static class BenchStore
{
    private const int Batch = 2000;

    public static async Task<EventStore> OpenAsync(string folder, string plugins, params string[] overrides)
    {
        var options = new MortiseHostOptions { Projections = [.. EventProjections.All.Keys] };
        options.PluginFolders.Add(plugins);
        var host = new MortiseHost(options);
        string text = DefaultStack.Text.Replace(
            "indexes:\n",
            "projections:\n  words: { plugin: mortise.search.words, version: ^1.0 }\nindexes:\n",
            StringComparison.Ordinal);
        ComposedStore composed = host.Compose(
            host.Resolve(StackFile.Parse("(bench)", text, overrides)), folder);
        return await EventStore.OpenAsync(composed.Composition, new EventStoreOptions
        {
            Policy = new EventPolicyOptions
            {
                Superseded = SupersededVersions.KeepAll,
                HonourDeletions = false,
                HonourVanish = false,
            },
            Projections = composed.Projections.ToDictionary(
                static p => p.Key,
                static p => (IKeyProjection)EventProjections.OfTerms(p.Value.ComponentId, p.Value.Terms)),
        });
    }

    public static async Task FillAsync(EventStore store, IEnumerable<NostrEvent> events)
    {
        foreach (NostrEvent[] batch in events.Chunk(Batch))
        {
            await store.PutAsync(batch);
        }

        await store.CheckpointAsync();
    }
}
