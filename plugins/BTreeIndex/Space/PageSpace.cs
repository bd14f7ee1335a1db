using Mortise.Primitives;

namespace Mortise.BTreeIndex;

/// <summary>Which pages of the file are free. Nothing of it is stored: free is what no durable or open run
/// names.</summary>
/// <remarks>Threads: any; members are short and locked.</remarks>
internal sealed class PageSpace
{
    /// <summary>A free extent shorter than this is not used for a longer request, to keep runs contiguous.</summary>
    private const uint LeastUsefulPages = 64;

    /// <summary>The device is not told of shorter free extents.</summary>
    public const uint LeastReturnedPages = 16;

    /// <summary>So many free pages are no reason to write a run again.</summary>
    public const uint SmallWastePages = 8;

    private readonly Lock _gate = new();
    private readonly List<Extent> _free = [];
    private List<Extent> _freed = [];

    /// <summary>Starts with everything free but what is used.</summary>
    /// <param name="used">Disjoint extents at or after <see cref="PageFormat.FirstDataPage"/>, in any order; sorted
    /// here.</param>
    public PageSpace(List<Extent> used)
    {
        used.Sort(static (a, b) => a.Start.CompareTo(b.Start));
        uint at = PageFormat.FirstDataPage;
        foreach (Extent extent in used)
        {
            if (extent.Start > at)
            {
                _free.Add(new Extent(at, extent.Start - at));
            }

            at = extent.End;
        }

        PageCount = at;
    }

    /// <summary>Pages of the file, meta pages and free pages included; no page at or beyond is in use.</summary>
    public uint PageCount { get; private set; }

    /// <summary>Free pages below <see cref="PageCount"/>.</summary>
    public long FreePages
    {
        get
        {
            lock (_gate)
            {
                long sum = 0;
                foreach (Extent extent in _free)
                {
                    sum += extent.Count;
                }

                return sum;
            }
        }
    }

    /// <summary>Takes consecutive pages.</summary>
    /// <param name="pages">How many would be best, 1 and up.</param>
    /// <param name="whole">True when fewer are of no use.</param>
    /// <returns>1 to <paramref name="pages"/> pages.</returns>
    public Extent Allocate(uint pages, bool whole)
    {
        Invariant.Holds(pages > 0);
        lock (_gate)
        {
            uint least = whole ? pages : Math.Min(pages, LeastUsefulPages);
            for (int i = 0; i < _free.Count; i++)
            {
                Extent free = _free[i];
                if (free.Count < least)
                {
                    continue;
                }

                Extent taken = new(free.Start, Math.Min(pages, free.Count));
                if (taken.Count == free.Count)
                {
                    _free.RemoveAt(i);
                }
                else
                {
                    _free[i] = new Extent(taken.End, free.Count - taken.Count);
                }

                return taken;
            }

            return Append(pages);
        }
    }

    /// <summary>Takes consecutive pages behind all others.</summary>
    public Extent AllocateAtEnd(uint pages)
    {
        Invariant.Holds(pages > 0);
        lock (_gate)
        {
            return Append(pages);
        }
    }

    /// <summary>Whether so many consecutive pages are free with no more than a few pages before them.</summary>
    public bool FitsAtStart(long pages)
    {
        lock (_gate)
        {
            foreach (Extent free in _free)
            {
                if (free.Count >= pages)
                {
                    return free.Start <= PageFormat.FirstDataPage + SmallWastePages;
                }
            }

            return false;
        }
    }

    /// <summary>Gives pages back.</summary>
    public void Free(Extent extent)
    {
        lock (_gate)
        {
            int at = _free.BinarySearch(extent, Comparer<Extent>.Create(static (a, b) => a.Start.CompareTo(b.Start)));
            Invariant.Holds(at < 0);
            at = ~at;
            Invariant.Holds(at == 0 || _free[at - 1].End <= extent.Start);
            Invariant.Holds(at == _free.Count || extent.End <= _free[at].Start);
            if (extent.Count >= LeastReturnedPages)
            {
                _freed.Add(extent);
            }

            if (at < _free.Count && extent.End == _free[at].Start)
            {
                extent = new Extent(extent.Start, extent.Count + _free[at].Count);
                _free.RemoveAt(at);
            }

            if (at > 0 && _free[at - 1].End == extent.Start)
            {
                extent = new Extent(_free[at - 1].Start, _free[at - 1].Count + extent.Count);
                _free.RemoveAt(at - 1);
            }

            if (extent.End == PageCount)
            {
                PageCount = extent.Start;
            }
            else
            {
                at = _free.BinarySearch(extent, Comparer<Extent>.Create(static (a, b) => a.Start.CompareTo(b.Start)));
                _free.Insert(~at, extent);
            }
        }
    }

    /// <summary>What became free since the last call and still is.</summary>
    public List<Extent> TakeFreed()
    {
        lock (_gate)
        {
            List<Extent> still = [];
            foreach (Extent freed in _freed)
            {
                foreach (Extent free in _free)
                {
                    uint start = Math.Max(freed.Start, free.Start);
                    uint end = Math.Min(freed.End, free.End);
                    if (start < end)
                    {
                        still.Add(new Extent(start, end - start));
                    }
                }
            }

            _freed = [];
            return still;
        }
    }

    /// <summary>Gives back all pages of some extents.</summary>
    public void Free(ReadOnlySpan<Extent> extents)
    {
        foreach (Extent extent in extents)
        {
            Free(extent);
        }
    }

    private Extent Append(uint pages)
    {
        Extent added = new(PageCount, pages);
        PageCount = checked(PageCount + pages);
        return added;
    }
}
