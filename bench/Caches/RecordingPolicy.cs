using Mortise.Caching;
using Mortise.Plugins;

namespace Mortise.Bench.Caches;

/// <summary>Keeps nothing, so that every access is a miss, and writes down which page was wanted when, over all indexes of
/// a store.</summary>
/// <remarks>Of hits a cache tells its policy a sample only.</remarks>
internal sealed class RecordingPolicy(List<int> trace, Dictionary<(int Cache, ulong Page), int> items, int cache)
    : ICachePolicy
{
    private readonly Queue<CacheSlot> _resident = new();

    public string Name => "recording";

    public long CapacityBytes => 0;

    public long WeightBytes => _resident.Count;

    public int Count => _resident.Count;

    public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
    {
        if (!items.TryGetValue((cache, keyHash), out int item))
        {
            item = items.Count;
            items.Add((cache, keyHash), item);
        }

        trace.Add(item);
        _resident.Enqueue(slot);
    }

    public void Touch(ReadOnlySpan<CacheSlot> slots)
    {
    }

    public void Remove(CacheSlot slot)
    {
    }

    public void SetPinned(CacheSlot slot, bool pinned)
    {
    }

    public bool TryEvict(out CacheSlot victim) => _resident.TryDequeue(out victim);

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
