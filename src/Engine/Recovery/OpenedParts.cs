using System.Diagnostics.Metrics;
using Mortise.Components;
using Mortise.Files;
using Mortise.Logging;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Everything that is open while a store is open, closed in reverse order.</summary>
internal sealed class OpenedParts : IAsyncDisposable
{
    public const string LogDirectory = "wal";
    public const string RecordsDirectory = "records";
    public const string IndexesDirectory = "indexes";
    public const string LockName = "lock";

    private OlderFormats? _formats;

    private readonly HashSet<ComponentContext> _contexts = [];
    private readonly HashSet<string> _kept = new(StringComparer.Ordinal);
    private volatile List<FamilyState> _families = [];

    public OpenedParts(StoreComposition composition)
    {
        Composition = composition;
        Observer = new StoreObserver(composition.Listeners, composition.Logs("engine"));
        Indexes = new OpenIndexes(composition.Options.MaxOpenPartitions);
        Drops = new PendingDrops(this);
    }

    public StoreComposition Composition { get; }

    public StoreObserver Observer { get; }

    public IDisposable? Lock { get; set; }

    public Guid StoreId { get; set; }

    public IWriteAheadLog Log { get; set; } = null!;

    public IRecordStore Records { get; set; } = null!;

    /// <summary>How bodies are written before their commits; null when the record store does not offer it.</summary>
    public IRecordStaging? Staging { get; private set; }

    /// <summary>Says and sees to it that commits survive a power cut.</summary>
    public CommitDurability Durability { get; private set; } = null!;

    /// <summary>The families; filled while opening, afterwards only replaced as a whole, so that any thread may walk
    /// it.</summary>
    public List<FamilyState> Families => _families;

    /// <summary>Which parts may have files of older format versions.</summary>
    public OlderFormats Formats => _formats ??= new OlderFormats(this);

    /// <summary>The log and the records are open.</summary>
    public void FindCapabilities()
    {
        Staging = Records.TryGet(out IRecordStaging? staging) && Composition.Records.Examiner is IStagedRecords ? staging : null;
        Durability = new CommitDurability(
            Log, Staging, Composition.Options.ParallelSync ? Composition.Background : null);
    }

    /// <summary>Puts other families in force; on the writer.</summary>
    public void ReplaceFamilies(List<FamilyState> families) => _families = families;

    /// <summary>Keeps a checkpoint from deleting a directory of indexes that no family in force has.</summary>
    public void KeepDirectory(string name)
    {
        lock (_kept)
        {
            _kept.Add(name);
        }
    }

    /// <summary>Ends <see cref="KeepDirectory"/>.</summary>
    public void ForgetDirectory(string name)
    {
        lock (_kept)
        {
            _kept.Remove(name);
        }
    }

    /// <summary>True when the directory is a family's, or one that is being built or retired.</summary>
    public bool IsInUse(string directory)
    {
        lock (_kept)
        {
            return _kept.Contains(directory) || _families.Exists(f => f.DirectoryName == directory);
        }
    }

    /// <summary>The indexes of partitions that are open.</summary>
    public OpenIndexes Indexes { get; }

    /// <summary>Ranges that were dropped and whose records are not all deleted yet.</summary>
    public PendingDrops Drops { get; }

    public ComponentContext Context(string instance, IStorageDirectory directory)
    {
        var meter = new Meter(
            StoreMetrics.MeterName + "." + instance.Replace('/', '.'), version: null, tags: [new("store", StoreId)]);
        var context = new ComponentContext
        {
            InstanceName = instance,
            StoreId = StoreId,
            Files = directory,
            Time = Composition.Time,
            Background = Composition.Background,
            Seed = Composition.Seed,
            Log = Composition.Logs(instance),
            Meter = meter,
            Cache = Composition.CacheGrants(instance),
        };
        lock (_contexts)
        {
            _contexts.Add(context);
        }

        return context;
    }

    /// <summary>An instance is closed: its metrics end and its share of memory is free.</summary>
    public void TakeBack(ComponentContext context)
    {
        lock (_contexts)
        {
            _contexts.Remove(context);
        }

        context.Meter.Dispose();
        (context.Cache as IDisposable)?.Dispose();
        Composition.InstanceClosed(context);
    }

    /// <summary>A directory below another, made durably when absent: files synced inside it would otherwise be lost with
    /// its name.</summary>
    public static IStorageDirectory MakeDirectory(IStorageDirectory parent, string name)
    {
        if (parent.Exists(name))
        {
            return parent.OpenDirectory(name);
        }

        IStorageDirectory made = parent.OpenDirectory(name);
        parent.Sync();
        return made;
    }

    /// <summary>Nobody uses the log and the records any more.</summary>
    private void Drain()
    {
        ComponentContext[] roles;
        lock (_contexts)
        {
            roles =
            [
                .. _contexts.Where(c => (Log is not null && c.InstanceName == LogDirectory)
                    || (Records is not null && c.InstanceName == RecordsDirectory)),
            ];
        }

        Array.ForEach(roles, Composition.InstanceDraining);
    }

    public async ValueTask DisposeAsync()
    {
        var closing = new ClosingParts();
        foreach (FamilyState family in Families)
        {
            await closing.CloseAsync(family.DisposeAsync).ConfigureAwait(false);
        }

        Families.Clear();
        Drain();
        if (Durability is { } durability)
        {
            await closing.CloseAsync(durability.DisposeAsync).ConfigureAwait(false);
        }

        if (Records is { } records)
        {
            await closing.CloseAsync(() => ClosingParts.WithinAsync(
                records.DisposeAsync(), RecordsDirectory, Composition)).ConfigureAwait(false);
        }

        if (Log is { } log)
        {
            await closing.CloseAsync(() => ClosingParts.WithinAsync(
                log.DisposeAsync(), LogDirectory, Composition)).ConfigureAwait(false);
        }

        ComponentContext[] left;
        lock (_contexts)
        {
            left = [.. _contexts];
            _contexts.Clear();
        }

        foreach (ComponentContext context in left)
        {
            context.Meter.Dispose();
            Composition.InstanceClosed(context);
        }

        Lock?.Dispose();
        Lock = null;
        closing.Complete();
    }
}
