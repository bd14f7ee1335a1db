namespace Mortise.Caching;

/// <summary>A component's share of the store's memory budget.</summary>
/// <remarks>
/// The host moves shares as the load moves: it changes <see cref="TargetBytes"/>, and the cache's owner, when it next
/// inserts, resizes its policy to it. Threads: any.
/// </remarks>
public interface ICacheGrant
{
    /// <summary>What the component may hold now, in bytes. Read it at every insertion; it is one volatile
    /// load.</summary>
    long TargetBytes { get; }

    /// <summary>Makes a new policy instance of the stack's choice, with the current target as its capacity.</summary>
    ICachePolicy CreatePolicy();

    /// <summary>Tells the host how the cache does, so that it can move shares. Call per batch of hits, not per
    /// hit.</summary>
    /// <param name="hits">Hits since the last report.</param>
    /// <param name="misses">Misses since the last report.</param>
    /// <param name="residentBytes">What is resident now.</param>
    void Report(long hits, long misses, long residentBytes);

    /// <summary>Says how to make the cache follow its target and report at once. The host calls it when it divides
    /// memory anew, so that a cache that is hit and never misses is heard, and one at which nothing happens gives
    /// memory up.</summary>
    /// <param name="follow">Evicts to the target and reports, or does nothing when the cache is busy: whoever is at it
    /// will. Called from any thread, also from within <see cref="Report"/>, and once more perhaps while the cache is
    /// being closed; must not wait. The host holds no lock meanwhile. The last one given counts.</param>
    void OnRebalance(Action follow)
    {
    }
}
