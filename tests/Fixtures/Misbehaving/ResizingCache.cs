using Mortise.Caching;
using Mortise.Reference;

namespace Mortise.Fixtures.Misbehaving;

/// <summary>First in, first out, and something bad when it is resized.</summary>
internal sealed class ResizingCache(long capacityBytes, Action whenResized) : ICachePolicy
{
    private readonly FifoCachePolicy _inner = new(capacityBytes);

    public string Name => "resizing";

    public long CapacityBytes => _inner.CapacityBytes;

    public long WeightBytes => _inner.WeightBytes;

    public int Count => _inner.Count;

    public void Insert(CacheSlot slot, ulong keyHash, int weightBytes) => _inner.Insert(slot, keyHash, weightBytes);

    public void Touch(ReadOnlySpan<CacheSlot> slots) => _inner.Touch(slots);

    public void Remove(CacheSlot slot) => _inner.Remove(slot);

    public void SetPinned(CacheSlot slot, bool pinned) => _inner.SetPinned(slot, pinned);

    public bool TryEvict(out CacheSlot victim) => _inner.TryEvict(out victim);

    public void Resize(long capacityBytes)
    {
        whenResized();
        _inner.Resize(capacityBytes);
    }
}
