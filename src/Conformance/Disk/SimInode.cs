namespace Mortise.Conformance;

/// <summary>A file, whatever its name: what reads show, what is durable, and what lies between.</summary>
internal sealed class SimInode
{
    /// <summary>What reads show.</summary>
    public SimContent Cached { get; private init; } = new();

    /// <summary>What survives any power cut.</summary>
    public SimContent Durable { get; private init; } = new();

    /// <summary>Dirty changes in order of time. A failed sync clears them without making them durable.</summary>
    public List<SimChange> Pending { get; } = [];

    public List<SimRegion> Regions { get; } = [];

    public int OpenHandles { get; set; }

    public bool IsPoisoned { get; set; }

    public static SimInode FromBytes(SimContent content) => new() { Cached = content, Durable = content.Clone() };

    public SimInode CopyWithCache()
    {
        SimInode copy = new() { Cached = Cached.Clone(), Durable = Durable.Clone() };
        copy.Pending.AddRange(Pending);
        return copy;
    }

    public void Change(SimChange change, bool reachesDevice)
    {
        change.ApplyTo(Cached);
        if (reachesDevice)
        {
            Pending.Add(change);
        }

        RefreshRegions(change.Offset, change.Count);
    }

    public void MakeDurable()
    {
        foreach (SimChange change in Pending)
        {
            change.ApplyTo(Durable);
        }

        Pending.Clear();
    }

    /// <summary>Puts reads back to what is durable.</summary>
    public void Revert()
    {
        Cached.SetLength(0);
        byte[] page = new byte[SimContent.PageBytes];
        for (long offset = 0; offset < Durable.Length; offset += page.Length)
        {
            int count = Durable.Read(page, offset);
            Cached.Write(page.AsSpan(0, count), offset);
        }

        RefreshRegions(0, long.MaxValue);
    }

    public void RefreshRegions(long offset, long count)
    {
        foreach (SimRegion region in Regions)
        {
            region.Refresh(offset, Math.Min(count, long.MaxValue - offset));
        }
    }
}
