using Mortise.Caching;

namespace Mortise.Host.Memory;

/// <summary>One instance's share of a budget, and what is known of its load.</summary>
/// <remarks>Threads: any; the members for the budget under its lock.</remarks>
internal sealed class CacheGrant : ICacheGrant, IDisposable
{
    private readonly CacheBudget _owner;
    private readonly Func<long, ICachePolicy> _createPolicy;
    private Action? _follow;
    private long _meanBytes;
    private long _target;
    private long _hits;
    private long _misses;
    private long _resident;
    private long _accesses;
    private long _usedBytes;
    private long _lackedBytes;

    public CacheGrant(CacheBudget owner, string instance, PartitionTier tier, Func<long, ICachePolicy> createPolicy)
    {
        _owner = owner;
        Instance = instance;
        Tier = tier;
        _createPolicy = createPolicy;
    }

    public string Instance { get; }

    public PartitionTier Tier { get; }

    /// <inheritdoc/>
    public long TargetBytes => Volatile.Read(ref _target);

    public CacheShare Share => new(
        Instance,
        Tier,
        TargetBytes,
        Volatile.Read(ref _resident),
        Interlocked.Read(ref _hits),
        Interlocked.Read(ref _misses));

    /// <summary>The load of the last rounds, older ones counting less.</summary>
    public CacheLoad Load { get; private set; }

    /// <inheritdoc/>
    public ICachePolicy CreatePolicy() => new MeteredPolicy(_createPolicy(TargetBytes), this);

    /// <inheritdoc/>
    public void Report(long hits, long misses, long residentBytes)
    {
        Interlocked.Add(ref _hits, hits);
        Interlocked.Add(ref _misses, misses);
        Volatile.Write(ref _resident, residentBytes);
        Interlocked.Add(ref _accesses, hits);
        Interlocked.Add(ref _usedBytes, hits * Volatile.Read(ref _meanBytes));
        _owner.CountAccesses(hits);
    }

    /// <inheritdoc/>
    public void OnRebalance(Action follow) => Volatile.Write(ref _follow, follow);

    public void Dispose() => _owner.TakeBack(this);

    /// <summary>An item came in.</summary>
    /// <param name="bytes">Its weight.</param>
    /// <param name="wasEvicted">True when it was there not long ago and had to go.</param>
    /// <param name="residentBytes">What is resident with it.</param>
    public void CountMiss(int bytes, bool wasEvicted, long residentBytes)
    {
        long mean = Volatile.Read(ref _meanBytes);
        Volatile.Write(ref _meanBytes, mean == 0 ? bytes : ((7 * mean) + bytes) / 8);
        Interlocked.Increment(ref _accesses);
        Interlocked.Add(ref _lackedBytes, wasEvicted ? bytes : 0);
        Volatile.Write(ref _resident, residentBytes);
        _owner.CountAccesses(1);
    }

    /// <summary>Ends a round: what was counted becomes part of <see cref="Load"/>, which halves.</summary>
    public void EndRound()
    {
        CacheLoad before = Load;
        Load = new CacheLoad(
            (before.Accesses / 2) + Interlocked.Exchange(ref _accesses, 0),
            (before.UsedBytes / 2) + Interlocked.Exchange(ref _usedBytes, 0),
            (before.LackedBytes / 2) + Interlocked.Exchange(ref _lackedBytes, 0),
            Volatile.Read(ref _resident));
    }

    public void SetTarget(long bytes) => Volatile.Write(ref _target, bytes);

    /// <summary>Makes the cache report and follow its target, if it is not busy.</summary>
    public void Follow() => Volatile.Read(ref _follow)?.Invoke();

    /// <summary>True when the cache holds more than it may.</summary>
    public bool IsOver => Volatile.Read(ref _resident) > TargetBytes;
}

/// <summary>The load of a cache over the last rounds.</summary>
/// <param name="Accesses">Hits and misses.</param>
/// <param name="UsedBytes">Bytes of what was hit, counted each time.</param>
/// <param name="LackedBytes">Bytes of misses that more memory would have spared: the item had been evicted shortly
/// before.</param>
/// <param name="ResidentBytes">What is held.</param>
internal readonly record struct CacheLoad(long Accesses, long UsedBytes, long LackedBytes, long ResidentBytes)
{
    /// <summary>Memory that is in use, and memory that is lacking.</summary>
    public long Demand => Math.Min(ResidentBytes, UsedBytes) + (2 * LackedBytes);
}
