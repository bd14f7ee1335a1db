using Mortise.Caching;

namespace Mortise.Host.Memory;

/// <summary>Divides the memory of a store among its components, and moves it as the load moves.</summary>
/// <remarks>
/// <para>Families (and the record store) begin with equal shares. After every <see
/// cref="CacheBudgetOptions.AccessesPerRound"/> accesses the budget is divided anew: most of it by how much memory is in
/// use or was lacking, the rest by accesses. Families that lose memory are told, so that it is free when others take
/// it. The shares of all sum up to the budget at most, whatever is opened.</para>
/// <para>Threads: any. A round runs on whichever thread counts the access that begins it, one at a time. Caches are
/// asked to follow with no lock held, so whatever they do then, this never waits for them and they never for
/// this.</para>
/// </remarks>
public sealed class CacheBudget
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Family> _families = new(StringComparer.Ordinal);
    private readonly int _expectedFamilies;
    private readonly Func<long, ICachePolicy> _createPolicy;
    private readonly Func<string, PartitionTier> _tierOf;
    private readonly CacheBudgetOptions _options;
    private long _accesses;
    private int _isDividing;

    /// <summary>Makes a budget.</summary>
    /// <param name="budget">Bytes for all caches together.</param>
    /// <param name="expectedFamilies">How many families there will be, the record store included, so that the first
    /// does not begin with everything.</param>
    /// <param name="createPolicy">Makes a policy of a capacity in bytes.</param>
    /// <param name="options">How the budget follows the load; null for the defaults.</param>
    /// <param name="tierOf">The tier of an instance, asked when it is opened; null for a single tier.</param>
    public CacheBudget(
        ByteSize budget,
        int expectedFamilies,
        Func<long, ICachePolicy> createPolicy,
        CacheBudgetOptions? options = null,
        Func<string, PartitionTier>? tierOf = null)
    {
        ArgumentNullException.ThrowIfNull(createPolicy);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(expectedFamilies);
        Budget = budget;
        _expectedFamilies = expectedFamilies;
        _createPolicy = createPolicy;
        _options = options ?? new CacheBudgetOptions();
        _tierOf = tierOf ?? (static _ => PartitionTier.Active);
    }

    /// <summary>Bytes for all caches together.</summary>
    public ByteSize Budget { get; }

    /// <summary>How often the budget was divided anew by load.</summary>
    public long Rounds { get; private set; }

    /// <summary>What each instance has and does, in ordinal order of names.</summary>
    public IReadOnlyList<CacheShare> Shares
    {
        get
        {
            lock (_gate)
            {
                return [.. _families.Values.SelectMany(static f => f.Grants).Select(static g => g.Share)
                    .OrderBy(static s => s.Instance, StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>The share of an instance. Asking again for a name replaces the earlier share: the instance was
    /// reopened. A share that is disposed goes to the others of its family.</summary>
    /// <param name="instance">The instance's name: <c>records</c>, <c>indexes/author-time/2026-01</c>.</param>
    public ICacheGrant GrantTo(string instance)
    {
        ArgumentException.ThrowIfNullOrEmpty(instance);
        string name = string.Join('/', instance.Split('/').Take(2));
        var grant = new CacheGrant(this, instance, _tierOf(instance), _createPolicy);
        var over = new List<CacheGrant>();
        lock (_gate)
        {
            if (!_families.TryGetValue(name, out Family? family))
            {
                family = AddFamily(name, over);
            }

            family.Grants.RemoveAll(g => g.Instance == instance);
            family.Grants.Add(grant);
            DividePartitions(family, over);
        }

        Follow(over);
        return grant;
    }

    /// <summary>How near to the present an instance is now.</summary>
    public PartitionTier TierOf(string instance) => _tierOf(instance);

    internal void TakeBack(CacheGrant grant)
    {
        var over = new List<CacheGrant>();
        lock (_gate)
        {
            foreach (Family family in _families.Values)
            {
                if (family.Grants.Remove(grant))
                {
                    DividePartitions(family, over);
                }
            }
        }

        Follow(over);
    }

    internal void CountAccesses(long accesses)
    {
        // Caches report while a round asks them to: that begins no other.
        long counted = Interlocked.Add(ref _accesses, accesses);
        if (counted < _options.AccessesPerRound || Interlocked.Exchange(ref _isDividing, 1) != 0)
        {
            return;
        }

        try
        {
            if (Interlocked.Read(ref _accesses) >= _options.AccessesPerRound)
            {
                Divide();
                Interlocked.Exchange(ref _accesses, 0);
            }
        }
        finally
        {
            Volatile.Write(ref _isDividing, 0);
        }
    }

    // A cache that is at work follows by itself at its next insertion: telling it never waits.
    private static void Follow(List<CacheGrant> grants) => grants.ForEach(static grant => grant.Follow());

    private Family AddFamily(string name, List<CacheGrant> over)
    {
        // Those that were there make room for one that was not expected.
        int count = _families.Count + 1;
        long share = Budget.Bytes / Math.Max(_expectedFamilies, count);
        var family = new Family { Share = share };
        _families.Add(name, family);
        if (count > _expectedFamilies)
        {
            foreach (Family other in _families.Values)
            {
                other.Share = other == family ? share : other.Share / count * (count - 1);
                DividePartitions(other, over);
            }
        }

        return family;
    }

    private void Divide()
    {
        List<CacheGrant> all;
        lock (_gate)
        {
            all = [.. _families.Values.SelectMany(static f => f.Grants)];
        }

        // So that a cache that is hit and never misses is heard.
        Follow(all);
        var over = new List<CacheGrant>();
        lock (_gate)
        {
            DivideFamilies(over);
        }

        Follow(over);
    }

    private void DivideFamilies(List<CacheGrant> over)
    {
        Rounds++;
        Family[] families = [.. _families.Values];
        var before = new long[families.Length];
        var loads = new CacheLoad[families.Length];
        for (int i = 0; i < families.Length; i++)
        {
            before[i] = families[i].Share;
            foreach (CacheGrant grant in families[i].Grants)
            {
                grant.EndRound();
                CacheLoad load = grant.Load;
                loads[i] = new CacheLoad(
                    loads[i].Accesses + load.Accesses,
                    loads[i].UsedBytes + load.UsedBytes,
                    loads[i].LackedBytes + load.LackedBytes,
                    loads[i].ResidentBytes + load.ResidentBytes);
            }
        }

        long[] after = CacheDivision.Families(Budget.Bytes, before, loads, _options);
        for (int i = 0; i < families.Length; i++)
        {
            families[i].Share = after[i];
            DividePartitions(families[i], over);
        }
    }

    /// <param name="family">The family.</param>
    /// <param name="over">Receives the caches that hold more than they may now.</param>
    private void DividePartitions(Family family, List<CacheGrant> over)
    {
        long[] shares = CacheDivision.Partitions(
            family.Share,
            [.. family.Grants.Select(static g => g.Tier)],
            [.. family.Grants.Select(static g => g.Load)],
            _options);
        for (int i = 0; i < shares.Length; i++)
        {
            family.Grants[i].SetTarget(shares[i]);
        }

        over.AddRange(family.Grants.Where(static g => g.IsOver));
    }

    private sealed class Family
    {
        public List<CacheGrant> Grants { get; } = [];

        public long Share { get; set; }
    }
}

/// <summary>What one cache has and does.</summary>
/// <param name="Instance">The instance's name.</param>
/// <param name="Tier">How near to the present it is.</param>
/// <param name="TargetBytes">What it may hold.</param>
/// <param name="ResidentBytes">What it held when it last reported.</param>
/// <param name="Hits">Hits reported since open.</param>
/// <param name="Misses">Misses reported since open.</param>
public readonly record struct CacheShare(
    string Instance, PartitionTier Tier, long TargetBytes, long ResidentBytes, long Hits, long Misses);
