using Mortise.Caching;

namespace Mortise.Conformance;

/// <summary>A sequence of accesses to items of one size, on which cache policies are compared.</summary>
/// <remarks>Threads: any; nothing changes after construction.</remarks>
public sealed class CacheTrace
{
    private readonly int[] _accesses;

    /// <summary>Makes a trace of recorded accesses.</summary>
    /// <param name="name">For reports.</param>
    /// <param name="accesses">The item of each access, 0 and up.</param>
    public CacheTrace(string name, ReadOnlySpan<int> accesses)
    {
        Name = name;
        _accesses = accesses.ToArray();
        Items = _accesses.Length == 0 ? 0 : _accesses.Max() + 1;
    }

    /// <summary>For reports.</summary>
    public string Name { get; }

    /// <summary>Number of accesses.</summary>
    public int Length => _accesses.Length;

    /// <summary>Items are numbered below this.</summary>
    public int Items { get; }

    /// <summary>Accesses by popularity: the item of rank r is wanted r^skew times less often than the first.</summary>
    /// <param name="seed">Decides.</param>
    /// <param name="items">Number of items.</param>
    /// <param name="length">Number of accesses.</param>
    /// <param name="skew">0.6 to 1.1 are what is seen in practice.</param>
    public static CacheTrace Zipf(ulong seed, int items, int length, double skew = 0.9)
    {
        ZipfDraw draw = new(seed, items, skew);
        int[] accesses = new int[length];
        for (int i = 0; i < length; i++)
        {
            accesses[i] = draw.Next();
        }

        return new CacheTrace("Zipf", accesses);
    }

    /// <summary>The same with scans between: runs over cold items, each seen once.</summary>
    /// <param name="seed">Decides.</param>
    /// <param name="items">Number of hot items.</param>
    /// <param name="length">Number of accesses.</param>
    /// <param name="scanLength">Items of one scan.</param>
    /// <param name="scanShare">Share of all accesses that are scans, 0 to 1.</param>
    public static CacheTrace WithScans(ulong seed, int items, int length, int scanLength, double scanShare)
    {
        ZipfDraw draw = new(seed, items, 0.9);
        int[] accesses = new int[length];
        int cold = items;
        int between = (int)(scanLength * (1 - scanShare) / scanShare);
        for (int i = 0; i < length; i++)
        {
            accesses[i] = i % (between + scanLength) < between ? draw.Next() : cold++;
        }

        return new CacheTrace("Zipf with scans", accesses);
    }

    /// <summary>How many accesses miss under a policy.</summary>
    /// <param name="policy">Empty, with the number of items that fit as its capacity.</param>
    public long Misses(ICachePolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        int[] slotOf = new int[Items];
        Array.Fill(slotOf, -1);
        var itemOf = new List<int>();
        var free = new Stack<int>();
        Span<CacheSlot> touched = stackalloc CacheSlot[1];
        long misses = 0;
        foreach (int item in _accesses)
        {
            if (slotOf[item] >= 0)
            {
                touched[0] = new CacheSlot(slotOf[item]);
                policy.Touch(touched);
                continue;
            }

            misses++;
            if (!free.TryPop(out int slot))
            {
                slot = itemOf.Count;
                itemOf.Add(0);
            }

            itemOf[slot] = item;
            slotOf[item] = slot;
            policy.Insert(new CacheSlot(slot), Hash(item), 1);
            while (policy.TryEvict(out CacheSlot victim))
            {
                slotOf[itemOf[victim.Index]] = -1;
                free.Push(victim.Index);
            }
        }

        return misses;
    }

    /// <summary>How many accesses miss when the future is known: nobody can do better.</summary>
    /// <remarks>Source: Belady, "A study of replacement algorithms for a virtual-storage computer", IBM Systems Journal
    /// 5(2), 1966: drop what is wanted last, and do not keep what is wanted later than all that is there.</remarks>
    /// <param name="capacity">How many items fit; 1 and up.</param>
    public long OptimalMisses(int capacity)
    {
        const int Never = int.MaxValue;
        int[] nextUse = new int[Length];
        int[] upcoming = new int[Items];
        Array.Fill(upcoming, Never);
        for (int i = Length - 1; i >= 0; i--)
        {
            nextUse[i] = upcoming[_accesses[i]];
            upcoming[_accesses[i]] = i;
        }

        // The latest first. What was used meanwhile has a newer entry; older ones are recognized and dropped.
        var latest = new PriorityQueue<int, int>();
        int[] due = new int[Items];
        int resident = 0;
        long misses = 0;
        for (int i = 0; i < Length; i++)
        {
            int item = _accesses[i];
            bool isHit = due[item] != 0;
            if (!isHit)
            {
                misses++;
                if (resident == capacity)
                {
                    int last;
                    int lastDue;
                    while (!latest.TryPeek(out last, out lastDue) || due[last] != -lastDue)
                    {
                        latest.Dequeue();
                    }

                    if (-lastDue <= nextUse[i])
                    {
                        continue;
                    }

                    latest.Dequeue();
                    due[last] = 0;
                    resident--;
                }

                resident++;
            }

            due[item] = nextUse[i];
            latest.Enqueue(item, -nextUse[i]);
        }

        return misses;
    }

    private static ulong Hash(int item)
    {
        // SplitMix64's finalizer.
        ulong z = (ulong)item + 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    private sealed class ZipfDraw
    {
        private readonly Random _random;
        private readonly double[] _cumulative;

        public ZipfDraw(ulong seed, int items, double skew)
        {
            _random = Seeds.Generator(seed);
            _cumulative = new double[items];
            double sum = 0;
            for (int i = 0; i < items; i++)
            {
                _cumulative[i] = sum += Math.Pow(i + 1, -skew);
            }
        }

        public int Next()
        {
            int at = Array.BinarySearch(_cumulative, _random.NextDouble() * _cumulative[^1]);
            return Math.Min(at < 0 ? ~at : at, _cumulative.Length - 1);
        }
    }
}
