using System.Reflection;
using Mortise.Engine;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Nostr;

namespace Mortise.Bench.Tests;

/// <summary>Stores of the stack that is measured.</summary>
internal static class Stores
{
    private static readonly MortiseHost s_host = MakeHost();

    public static string Root => typeof(Stores).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(static metadata => metadata.Key == "RepositoryRoot").Value!;

    public static Func<ValueTask<EventStore>> Compose(string folder, SyncMode mode, bool checkpoints) =>
        Compose(folder, mode, checkpoints, keepAll: true);

    public static Func<ValueTask<EventStore>> Compose(string folder, SyncMode mode, bool checkpoints, bool keepAll)
    {
        ComposedStore composed = s_host.Compose(Resolve(mode, checkpoints), folder);
        return () => EventStore.OpenAsync(composed.Composition, Policy(keepAll));
    }

    public static ResolvedStack Resolve(SyncMode mode, bool checkpoints) => s_host.Resolve(StackFile.Parse(
        "bench",
        BenchStack.Parts,
        [
            $"wal.syncMode={mode.ToString().ToLowerInvariant()}",
            .. checkpoints ? (string[])[] : ["engine.checkpointBytes=1024GiB", "engine.checkpointInterval=7d"],
        ]));

    public static EventStoreOptions Policy(bool keepAll) => keepAll
        ? new EventStoreOptions
        {
            Policy = new EventPolicyOptions
            {
                Superseded = SupersededVersions.KeepAll,
                HonourDeletions = false,
                HonourExpiration = false,
                HonourVanish = false,
            },
        }
        : new EventStoreOptions();

    private static MortiseHost MakeHost()
    {
        var options = new MortiseHostOptions { Projections = [.. EventProjections.All.Keys] };
        options.PluginFolders.Add(Path.Combine(Root, "artifacts", "plugins"));
        return new MortiseHost(options);
    }
}
