using Mortise.Caching;

namespace Mortise.Host.Composition;

/// <summary>Divides the memory of a store among its components.</summary>
/// <remarks>
/// Groups (the record store, each index family) have equal shares; the partitions of a family share what is the
/// family's. The shares of all sum up to the budget at most, whatever is opened. Threads: any.
/// </remarks>
public sealed class CacheBudget
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<Grant>> _groups = new(StringComparer.Ordinal);
    private readonly int _expectedGroups;
    private readonly Func<long, ICachePolicy> _createPolicy;

    /// <summary>Makes a budget.</summary>
    /// <param name="budget">Bytes for all caches together.</param>
    /// <param name="expectedGroups">How many groups there will be, so that the first does not begin with
    /// everything.</param>
    /// <param name="createPolicy">Makes a policy of a capacity in bytes.</param>
    public CacheBudget(ByteSize budget, int expectedGroups, Func<long, ICachePolicy> createPolicy)
    {
        ArgumentNullException.ThrowIfNull(createPolicy);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(expectedGroups);
        Budget = budget;
        _expectedGroups = expectedGroups;
        _createPolicy = createPolicy;
    }

    /// <summary>Bytes for all caches together.</summary>
    public ByteSize Budget { get; }

    /// <summary>What each instance has and does, in ordinal order of names.</summary>
    public IReadOnlyList<CacheShare> Shares
    {
        get
        {
            lock (_gate)
            {
                return [.. _groups.Values.SelectMany(static g => g).Select(static g => g.Share)
                    .OrderBy(static s => s.Instance, StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>The share of an instance. Asking again for a name replaces the earlier share: the instance was
    /// reopened.</summary>
    /// <param name="instance">The instance's name: <c>records</c>, <c>indexes/author-time/2026-01</c>.</param>
    public ICacheGrant GrantTo(string instance)
    {
        ArgumentException.ThrowIfNullOrEmpty(instance);
        string group = string.Join('/', instance.Split('/').Take(2));
        var grant = new Grant(instance, _createPolicy);
        lock (_gate)
        {
            if (!_groups.TryGetValue(group, out List<Grant>? grants))
            {
                grants = [];
                _groups.Add(group, grants);
            }

            grants.RemoveAll(g => g.Instance == instance);
            grants.Add(grant);
            Divide();
        }

        return grant;
    }

    private void Divide()
    {
        long perGroup = Budget.Bytes / Math.Max(_expectedGroups, _groups.Count);
        foreach (List<Grant> grants in _groups.Values)
        {
            foreach (Grant grant in grants)
            {
                grant.SetTarget(perGroup / grants.Count);
            }
        }
    }

    private sealed class Grant(string instance, Func<long, ICachePolicy> createPolicy) : ICacheGrant
    {
        private long _target;
        private long _hits;
        private long _misses;
        private long _resident;

        public string Instance => instance;

        public long TargetBytes => Volatile.Read(ref _target);

        public CacheShare Share => new(
            instance,
            TargetBytes,
            Volatile.Read(ref _resident),
            Interlocked.Read(ref _hits),
            Interlocked.Read(ref _misses));

        public void SetTarget(long bytes) => Volatile.Write(ref _target, bytes);

        public ICachePolicy CreatePolicy() => createPolicy(TargetBytes);

        public void Report(long hits, long misses, long residentBytes)
        {
            Interlocked.Add(ref _hits, hits);
            Interlocked.Add(ref _misses, misses);
            Volatile.Write(ref _resident, residentBytes);
        }
    }
}

/// <summary>What one cache has and does.</summary>
/// <param name="Instance">The instance's name.</param>
/// <param name="TargetBytes">What it may hold.</param>
/// <param name="ResidentBytes">What it held when it last reported.</param>
/// <param name="Hits">Hits reported since open.</param>
/// <param name="Misses">Misses reported since open.</param>
public readonly record struct CacheShare(
    string Instance, long TargetBytes, long ResidentBytes, long Hits, long Misses);
