using System.Diagnostics.Metrics;
using Mortise.Caching;
using Mortise.Files;

namespace Mortise.Components;

/// <summary>Everything a component may use of the outside world, handed to it when it is opened.</summary>
/// <remarks>
/// A component opens no file, starts no thread or timer, and reads no clock or random source but through this object.
/// That is what lets a test simulate power cuts and interleavings, and a host account for what a plugin holds.
/// </remarks>
public sealed class ComponentContext
{
    /// <summary>The instance's name in the stack, for messages: <c>wal</c>, <c>records</c>,
    /// <c>indexes/author</c>.</summary>
    public required string InstanceName { get; init; }

    /// <summary>The store that the files belong to. Written into file headers; another id there is
    /// <see cref="StorageErrorCode.ForeignFile"/>.</summary>
    public required Guid StoreId { get; init; }

    /// <summary>The instance's own directory.</summary>
    public required IStorageDirectory Files { get; init; }

    /// <summary>Clock and timers.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Background work.</summary>
    public required IBackground Background { get; init; }

    /// <summary>Seed for any randomness; equal seeds give equal behaviour.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Log for people; never for control flow.</summary>
    public required IComponentLog Log { get; init; }

    /// <summary>Where the instance's metrics go; owned and disposed by the host.</summary>
    public required Meter Meter { get; init; }

    /// <summary>The instance's share of the memory budget with the policy that spends it; null when the stack has
    /// none.</summary>
    public ICacheGrant? Cache { get; init; }

    /// <summary>Services that the instance may use, to be asked for while it opens: those of the program that its owner
    /// allows, and those of the plugin's own; null where there are none. They go when the instance is closed.</summary>
    public IServiceProvider? Services { get; init; }
}
