namespace Mortise.Relay;

/// <summary>What all open negentropy sessions may hold, in items, and what those of one address may: so none keeps the
/// others from theirs.</summary>
/// <remarks>Threads: any; takes its own lock.</remarks>
/// <param name="maxSession">Items of one session: an address may always hold one.</param>
internal sealed class NegentropyBudget(int maxSession)
{
    // 80 MB of items, whatever clients open.
    private const int Most = 2_000_000;
    private const int Addresses = 4;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _byAddress = new(StringComparer.Ordinal);
    private int _items;

    /// <summary>Items held.</summary>
    public int Items => Volatile.Read(ref _items);

    public bool TryReserve(string group, int items)
    {
        lock (_gate)
        {
            int of = _byAddress.GetValueOrDefault(group);
            if (items > Most - _items || items > Math.Max(Most / Addresses, maxSession) - of)
            {
                return false;
            }

            if (items > 0)
            {
                _byAddress[group] = of + items;
                _items += items;
            }

            return true;
        }
    }

    public void Release(string group, int items)
    {
        if (items == 0)
        {
            return;
        }

        lock (_gate)
        {
            _items -= items;
            int left = _byAddress[group] - items;
            if (left == 0)
            {
                _byAddress.Remove(group);
            }
            else
            {
                _byAddress[group] = left;
            }
        }
    }
}
