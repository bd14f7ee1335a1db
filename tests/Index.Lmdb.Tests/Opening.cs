using System.Diagnostics.Metrics;
using Mortise.Components;
using Mortise.Host.Files;
using Mortise.Host.Running;
using Mortise.Indexing;

namespace Mortise.Index.Lmdb.Tests;

/// <summary>Opens environments in folders of the operating system's.</summary>
internal static class Opening
{
    /// <summary>The store that the environments belong to, unless a test says otherwise.</summary>
    public static Guid Store { get; } = new("00112233-4455-6677-8899-aabbccddeeff");

    public static IIndexFamily Open(string folder, IComponentLog log, ByteSize map, Guid? store = null) => LmdbIndex.Open(
        new ComponentContext
        {
            InstanceName = "indexes/id",
            StoreId = store ?? Store,
            Files = PosixDirectory.OpenRoot(folder),
            Time = TimeProvider.System,
            Background = new HostBackground(NullLog.Instance),
            Seed = 1,
            Log = log,
            Meter = new Meter("test"),
        },
        new LmdbOptions { MapSize = map },
        default);
}
