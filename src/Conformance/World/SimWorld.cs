using System.Diagnostics.Metrics;
using Mortise.Caching;
using Mortise.Components;
using Mortise.Files;

namespace Mortise.Conformance;

/// <summary>Everything a component may use of the outside world, simulated under one seed.</summary>
/// <remarks>One world is one process on one disk: <see cref="AfterPowerCut"/> and <see cref="AfterProcessDeath"/> give
/// the next one, with the same store id and clock and with nothing running.</remarks>
public sealed class SimWorld : IDisposable
{
    private readonly Meter _meter = new("mortise.conformance");
    private readonly bool _eagerBackground;

    private static long s_count;

    /// <summary>Makes a world with an empty disk.</summary>
    /// <param name="seed">Decides everything that is left to chance.</param>
    /// <param name="disk">What the disk is like; null for the defaults.</param>
    /// <param name="eagerBackground">See <see cref="SimBackground.IsEager"/>.</param>
    public SimWorld(ulong seed, SimDiskOptions? disk = null, bool eagerBackground = false)
        : this(seed, new SimDisk(Seeds.Derive(seed, 1), disk), new SimClock(), eagerBackground, null) =>
        LawTranscript.Note(this, null, $"a process on an empty disk, seed {seed}");

    private SimWorld(ulong seed, SimDisk disk, SimClock clock, bool eagerBackground, ICacheGrant? cache)
    {
        Seed = seed;
        Disk = disk;
        Clock = clock;
        Cache = cache;
        _eagerBackground = eagerBackground;
        Background = new SimBackground(Seeds.Derive(seed, 2), eagerBackground);
        Span<byte> id = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(id, 0x6D6F727469736521);
        StoreId = new Guid(id);
    }

    /// <summary>A number that no other world of this process has.</summary>
    public long Number { get; } = Interlocked.Increment(ref s_count);

    /// <summary>The <see cref="Number"/> of the world that this one comes after; 0 for one with an empty
    /// disk.</summary>
    public long Origin { get; private init; }

    /// <summary>The seed of this world.</summary>
    public ulong Seed { get; }

    /// <summary>The disk.</summary>
    public SimDisk Disk { get; }

    /// <summary>The clock.</summary>
    public SimClock Clock { get; }

    /// <summary>The background work.</summary>
    public SimBackground Background { get; }

    /// <summary>What components wrote to their logs.</summary>
    public CollectingLog Log { get; } = new();

    /// <summary>The store that files belong to.</summary>
    public Guid StoreId { get; init; }

    /// <summary>The share of memory that components get; null for none.</summary>
    public ICacheGrant? Cache { get; set; }

    /// <summary>A directory below the root, made durably when absent.</summary>
    /// <param name="path">Names with '/' between them.</param>
    public IStorageDirectory Directory(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        IStorageDirectory directory = Disk.Root;
        foreach (string name in path.Split('/'))
        {
            bool isNew = !directory.Exists(name);
            IStorageDirectory below = directory.OpenDirectory(name);
            if (isNew)
            {
                directory.Sync();
            }

            directory = below;
        }

        return directory;
    }

    /// <summary>A context for a component that owns the directory of its name.</summary>
    /// <param name="instanceName">For example <c>wal</c> or <c>indexes/author</c>.</param>
    /// <param name="replace">Gives another directory in the place of its own; null for its own.</param>
    public ComponentContext Context(
        string instanceName, Func<IStorageDirectory, IStorageDirectory>? replace = null)
    {
        IStorageDirectory files = Directory(instanceName);
        return new ComponentContext
        {
            InstanceName = instanceName,
            StoreId = StoreId,
            Files = replace?.Invoke(files) ?? files,
            Time = Clock,
            Background = Background,
            Seed = Seeds.Derive(Seed, 3),
            Log = Log,
            Meter = _meter,
            Cache = Cache,
        };
    }

    /// <summary>The world after a kill: see <see cref="SimDisk.AfterProcessDeath"/>.</summary>
    /// <param name="storeId">Another store's id, as if its process had been pointed at these files; null for the
    /// same.</param>
    public SimWorld AfterProcessDeath(Guid? storeId = null) =>
        Next(Disk.AfterProcessDeath(), Seed, storeId, "the next process, after a close or a kill");

    /// <summary>The world after a power cut: see <see cref="SimDisk.AfterPowerCut"/>.</summary>
    public SimWorld AfterPowerCut(ulong seed, CrashModel model) =>
        Next(
            Disk.AfterPowerCut(seed, model), seed, null, $"the next process, after a power cut ({model}, seed {seed})");

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private SimWorld Next(SimDisk disk, ulong seed, Guid? storeId, string began)
    {
        SimWorld next = new(seed, disk, Clock, _eagerBackground, Cache)
        {
            StoreId = storeId ?? StoreId,
            Origin = Number,
        };
        LawTranscript.Note(next, this, began);
        return next;
    }
}
