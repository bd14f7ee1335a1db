using Mortise.Caching;
using Mortise.Plugins;

namespace Mortise.Bench.Caches;

/// <summary>Evicts nothing and writes down which page was wanted when, over all indexes of a store.</summary>
internal sealed class RecordingPolicy(List<int> trace, Dictionary<(int Cache, ulong Page), int> items, int cache)
    : ICachePolicy
{
    private readonly List<int> _itemOf = [];

    public string Name => "recording";

    public long CapacityBytes => long.MaxValue;

    public long WeightBytes { get; private set; }

    public int Count { get; private set; }

    public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
    {
        if (!items.TryGetValue((cache, keyHash), out int item))
        {
            item = items.Count;
            items.Add((cache, keyHash), item);
        }

        while (_itemOf.Count <= slot.Index)
        {
            _itemOf.Add(0);
        }

        _itemOf[slot.Index] = item;
        trace.Add(item);
        WeightBytes += weightBytes;
        Count++;
    }

    public void Touch(ReadOnlySpan<CacheSlot> slots)
    {
        foreach (CacheSlot slot in slots)
        {
            trace.Add(_itemOf[slot.Index]);
        }
    }

    public void Remove(CacheSlot slot)
    {
    }

    public void SetPinned(CacheSlot slot, bool pinned)
    {
    }

    public bool TryEvict(out CacheSlot victim)
    {
        victim = default;
        return false;
    }

    public void Resize(long capacityBytes)
    {
    }
}

internal sealed class RecordingOptions;

/// <summary>Offers the policy to a stack as <c>bench.recording</c>.</summary>
internal sealed class RecordingPlugin(List<int> trace) : IPlugin
{
    private readonly Dictionary<(int, ulong), int> _items = [];
    private int _caches;

    public void Register(IPluginRegistrar registrar) => registrar.AddCachePolicy<RecordingOptions>(
        new ComponentDescriptor { Id = "bench.recording", Summary = "writes down what was wanted" },
        (_, _, _) => new RecordingPolicy(trace, _items, _caches++));
}
