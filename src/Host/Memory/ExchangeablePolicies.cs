using Mortise.Caching;

namespace Mortise.Host.Memory;

/// <summary>The policies of a store's caches whose code can be exchanged, or begun anew after a fault.</summary>
/// <remarks>Keeps none of them: a cache that is closed takes its policy along. Threads: any.</remarks>
internal sealed class ExchangeablePolicies(
    Func<long, ICachePolicy> create, bool restarts, Action<Exception> failed)
{
    private readonly Lock _gate = new();
    private readonly List<WeakReference<ExchangeablePolicy>> _made = [];
    private Func<long, ICachePolicy> _create = create;

    /// <summary>Makes the policy of a cache.</summary>
    public ICachePolicy Create(long capacity)
    {
        lock (_gate)
        {
            var policy = new ExchangeablePolicy(capacity, _create, restarts, failed);
            _made.RemoveAll(static m => !m.TryGetTarget(out _));
            _made.Add(new WeakReference<ExchangeablePolicy>(policy));
            return policy;
        }
    }

    /// <summary>Other code makes all policies from now on, and takes the place of those that are there.</summary>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.PluginFault"/>: it does not do what a policy
    /// does. What else it throws is the plugin's. The old code is in force everywhere then.</exception>
    public void Exchange(Func<long, ICachePolicy> create)
    {
        Try(create(1));
        lock (_gate)
        {
            var exchanged = new List<ExchangeablePolicy>();
            try
            {
                foreach (WeakReference<ExchangeablePolicy> made in _made)
                {
                    if (made.TryGetTarget(out ExchangeablePolicy? policy))
                    {
                        policy.Exchange(create);
                        exchanged.Add(policy);
                    }
                }
            }
            catch
            {
                exchanged.ForEach(policy => policy.Exchange(_create));
                throw;
            }

            _create = create;
        }
    }

    /// <summary>A policy that cannot do this is not given a cache in use.</summary>
    private static void Try(ICachePolicy policy)
    {
        policy.Insert(new CacheSlot(0), 1, 1);
        policy.Insert(new CacheSlot(1), 2, 1);
        policy.Touch([new CacheSlot(1)]);
        if (!policy.TryEvict(out CacheSlot victim) || victim.Index is not (0 or 1) || policy.TryEvict(out _)
            || policy.WeightBytes != 1)
        {
            throw new StorageException(
                StorageErrorCode.PluginFault, $"cache policy {policy.Name} does not evict what is over its capacity");
        }
    }
}
