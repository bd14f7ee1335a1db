using Mortise.Caching;

namespace Mortise.Conformance;

/// <summary>A share of memory that a test sets, with a policy of the test's choice.</summary>
public sealed class FixedCacheGrant : ICacheGrant
{
    private readonly Func<long, ICachePolicy> _policy;
    private long _targetBytes;
    private long _hits;
    private long _misses;
    private long _residentBytes;

    /// <summary>Makes it.</summary>
    /// <param name="targetBytes">What the component may hold, in bytes.</param>
    /// <param name="policy">Makes a policy of a capacity; null for least recently used first.</param>
    public FixedCacheGrant(long targetBytes, Func<long, ICachePolicy>? policy = null)
    {
        _targetBytes = targetBytes;
        _policy = policy ?? (capacity => new LruOrder(capacity));
    }

    /// <inheritdoc/>
    public long TargetBytes
    {
        get => Volatile.Read(ref _targetBytes);
        set => Volatile.Write(ref _targetBytes, value);
    }

    /// <summary>Hits reported so far.</summary>
    public long Hits => Interlocked.Read(ref _hits);

    /// <summary>Misses reported so far.</summary>
    public long Misses => Interlocked.Read(ref _misses);

    /// <summary>Resident bytes as last reported.</summary>
    public long ResidentBytes => Interlocked.Read(ref _residentBytes);

    /// <inheritdoc/>
    public ICachePolicy CreatePolicy() => _policy(TargetBytes);

    /// <inheritdoc/>
    public void Report(long hits, long misses, long residentBytes)
    {
        Interlocked.Add(ref _hits, hits);
        Interlocked.Add(ref _misses, misses);
        Interlocked.Exchange(ref _residentBytes, residentBytes);
    }
}
