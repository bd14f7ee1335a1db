using Mortise.Caching;
using Mortise.Reference;

namespace Mortise.Fixtures.Wilful;

/// <summary>First in, first out, with the behaviour that the plugin's folder says.</summary>
public sealed class WilfulPolicy(FifoCachePolicy inner) : ICachePolicy
{
    // In how many calls one fails of a plugin that fails in use.
    private const int Every = 50;

    private int _calls;

    /// <summary>Makes one, or fails to.</summary>
    public static ICachePolicy Create(long capacity)
    {
        WilfulPlugin.Fail("cache");
        return new WilfulPolicy(new FifoCachePolicy(capacity));
    }

    /// <inheritdoc/>
    public string Name => "wilful";

    /// <inheritdoc/>
    public long CapacityBytes => inner.CapacityBytes;

    /// <inheritdoc/>
    public long WeightBytes => inner.WeightBytes;

    /// <inheritdoc/>
    public int Count => inner.Count;

    /// <inheritdoc/>
    public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
    {
        if (++_calls % Every == 0)
        {
            WilfulPlugin.Fail("cache-in-use");
        }

        inner.Insert(slot, keyHash, weightBytes);
    }

    /// <inheritdoc/>
    public void Touch(ReadOnlySpan<CacheSlot> slots) => inner.Touch(slots);

    /// <inheritdoc/>
    public void Remove(CacheSlot slot) => inner.Remove(slot);

    /// <inheritdoc/>
    public void SetPinned(CacheSlot slot, bool pinned) => inner.SetPinned(slot, pinned);

    /// <inheritdoc/>
    public bool TryEvict(out CacheSlot victim)
    {
        if (WilfulPlugin.Is("cache-evicts-nothing"))
        {
            victim = default;
            return false;
        }

        return inner.TryEvict(out victim);
    }

    /// <inheritdoc/>
    public void Resize(long capacityBytes) => inner.Resize(capacityBytes);
}
