using Mortise.Caching;
using Mortise.Components;
using Mortise.Files;
using Mortise.Logging;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>A whole stack, ready to be opened over a directory. Made by the host, or by hand in a test.</summary>
public sealed record StoreComposition
{
    /// <summary>The store's directory.</summary>
    public required IStorageDirectory Root { get; init; }

    /// <summary>The log.</summary>
    public required ComponentPart<IWriteAheadLog> Log { get; init; }

    /// <summary>The record store.</summary>
    public required ComponentPart<IRecordStore> Records { get; init; }

    /// <summary>The index families, names unique.</summary>
    public required IReadOnlyList<FamilyPart> Families { get; init; }

    /// <summary>What an acknowledgement promises, and when checkpoints happen.</summary>
    public EngineOptions Options { get; init; } = new();

    /// <summary>Clock and timers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where background work of components runs.</summary>
    public required IBackground Background { get; init; }

    /// <summary>The share of the memory budget of an instance, by instance name; null for none.</summary>
    public Func<string, ICacheGrant?> CacheGrants { get; init; } = static _ => null;

    /// <summary>The log of an instance, by instance name.</summary>
    public required Func<string, IComponentLog> Logs { get; init; }

    /// <summary>Seed of all randomness in components.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Makes the id of a new store.</summary>
    public Func<Guid> NewStoreId { get; init; } = Guid.NewGuid;

    /// <summary>The longest that closing one instance may take; null for as long as it likes. One that blocks its thread
    /// instead of waiting is not bounded.</summary>
    public TimeSpan? CloseTimeout { get; init; }

    /// <summary>Told when nothing new begins to use an instance, before it is closed; perhaps more than
    /// once.</summary>
    public Action<ComponentContext> InstanceDraining { get; init; } = static _ => { };

    /// <summary>Told when an instance is closed, with what it was opened with.</summary>
    public Action<ComponentContext> InstanceClosed { get; init; } = static _ => { };

    /// <summary>Who is told what the store does, in this order.</summary>
    public IReadOnlyList<IStoreListener> Listeners { get; init; } = [];

    /// <summary>Names the part whose code threw what no contract allows; null when none is to blame.</summary>
    public Func<Exception, Exception?> Blame { get; init; } = static _ => null;

    /// <summary>Makes room for copies of files that components open by path, when a store is only looked at; null when
    /// there are no such components.</summary>
    public Func<IScratch>? Scratch { get; init; }

    /// <summary>Families to rebuild from records at open, whatever their files say: a repair.</summary>
    public IReadOnlyCollection<string> RebuildFamilies { get; init; } = [];
}
