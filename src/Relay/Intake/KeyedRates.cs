using System.Collections.Concurrent;

namespace Mortise.Relay;

/// <summary>A rate for each of many keys.</summary>
/// <remarks>Bounded: a key that has been quiet is forgotten, which changes nothing; while too many are busy, new keys
/// are refused.</remarks>
/// <typeparam name="TKey">What is counted apart.</typeparam>
/// <param name="perSecond">Tokens a second of each key; 0 for no limit.</param>
/// <param name="burst">Tokens that a key may save.</param>
/// <param name="time">The clock.</param>
internal sealed class KeyedRates<TKey>(int perSecond, long burst, TimeProvider time)
    where TKey : notnull
{
    private const int MaxKeys = 100_000;

    private readonly ConcurrentDictionary<TKey, TokenBucket> _buckets = new();

    public bool TryTake(TKey key)
    {
        if (perSecond == 0)
        {
            return true;
        }

        if (!_buckets.TryGetValue(key, out TokenBucket? bucket))
        {
            if (_buckets.Count >= MaxKeys)
            {
                return false;
            }

            bucket = _buckets.GetOrAdd(key, _ => new TokenBucket(perSecond, burst, time));
        }

        return bucket.TryTake();
    }

    /// <summary>Forgets keys that have been quiet.</summary>
    public void Sweep()
    {
        foreach ((TKey key, TokenBucket bucket) in _buckets)
        {
            if (bucket.IsFull)
            {
                _buckets.TryRemove(key, out _);
            }
        }
    }
}
