namespace Mortise.Cache.S3Fifo;

/// <summary>Remembers what left the small queue, for as many evictions as the caller says.</summary>
/// <remarks>A table of buckets of four (fingerprint, time) pairs, as the paper proposes: nothing is ever dequeued, entries
/// become too old. Time is counted in evictions. A fingerprint has 32 bits, so it can be taken for another one; that costs
/// one item a better place than it deserves.</remarks>
internal sealed class GhostQueue
{
    private const int Ways = 4;
    private const int FirstAllocation = 64;

    private Ghost[] _table = new Ghost[FirstAllocation];
    private uint _time;

    /// <summary>32 well mixed bits of a hash. Source of the constant: Knuth, TAOCP 3, 6.4.</summary>
    public static uint Fingerprint(ulong keyHash) => (uint)((keyHash * 0x9E3779B97F4A7C15) >> 32);

    /// <summary>Makes room for as many as there are slots.</summary>
    public void Grow(int slots)
    {
        int length = (int)Math.Min(1u << 30, System.Numerics.BitOperations.RoundUpToPowerOf2((uint)slots));
        if (length <= _table.Length)
        {
            return;
        }

        Ghost[] old = _table;
        _table = new Ghost[length];
        foreach (Ghost ghost in old)
        {
            if (ghost.Time != 0)
            {
                Oldest(ghost.Fingerprint) = ghost;
            }
        }
    }

    /// <summary>An item left.</summary>
    public void Add(uint fingerprint)
    {
        // 0 marks an empty place; after 4 billion evictions everything old looks new once.
        _time = _time == uint.MaxValue ? 1 : _time + 1;
        Oldest(fingerprint) = new Ghost { Fingerprint = fingerprint, Time = _time };
    }

    /// <summary>An item comes back: true when it left within the last so many evictions. It is forgotten then.</summary>
    public bool Remove(uint fingerprint, int within)
    {
        foreach (ref Ghost ghost in Bucket(fingerprint))
        {
            if (ghost.Time != 0 && ghost.Fingerprint == fingerprint)
            {
                bool isRecent = _time - ghost.Time < (uint)within;
                ghost = default;
                return isRecent;
            }
        }

        return false;
    }

    private Span<Ghost> Bucket(uint fingerprint) =>
        _table.AsSpan((int)(fingerprint & (uint)(_table.Length / Ways - 1)) * Ways, Ways);

    private ref Ghost Oldest(uint fingerprint)
    {
        Span<Ghost> bucket = Bucket(fingerprint);
        int oldest = 0;
        for (int i = 1; i < Ways; i++)
        {
            oldest = bucket[i].Time < bucket[oldest].Time ? i : oldest;
        }

        return ref bucket[oldest];
    }

    private struct Ghost
    {
        public uint Fingerprint;
        public uint Time;
    }
}
