using Mortise.Indexing;

namespace Mortise.BTreeIndex;

/// <summary>What a scan needs while it runs: its bounds, a source a run, their merge, and its hold on their leaves. Kept
/// for the next scan of the thread, so that a short scan costs no new memory.</summary>
/// <remarks>
/// <para>It begins inside an epoch, in which it may use every leaf that it finds: most scans are short and end there, and
/// have written nothing that another reader writes. But no frame that leaves the cache is used again while a reader is
/// inside, so a scan that goes on pins the leaves it stands on and leaves.</para>
/// <para>One thread at a time. A scan within a scan has its own.</para>
/// </remarks>
internal sealed class ScanState
{
    /// <summary>States that a thread keeps: a scan, and a few cursors beside it.</summary>
    private const int MostKept = 4;

    /// <summary>A scan of so many entries is no short one any more; nor is one that goes on to a second leaf of a
    /// run.</summary>
    public const int ShortScan = 64;

    [ThreadStatic]
    private static Stack<ScanState>? s_kept;

    private readonly List<DiskSource> _disk = [];
    private readonly List<MemorySource> _memory = [];
    private int _diskCount;
    private int _memoryCount;
    private PageCache _cache = null!;
    private ReaderSlot? _reader;

    private ScanState()
    {
    }

    public ScanBounds Bounds { get; } = new();

    public EntryMerge Merge { get; } = new();

    /// <summary>Runs on disk that the scan reads.</summary>
    public int DiskSources => _diskCount;

    /// <summary>Whether the leaves that its sources stand on are pinned, and not held by being inside.</summary>
    public bool PinsLeaves { get; private set; }

    /// <summary>A state with these bounds and without sources; the caller gives it back.</summary>
    /// <param name="cache">The pages of the disk runs.</param>
    /// <param name="range">What is scanned.</param>
    /// <param name="direction">From which end.</param>
    public static ScanState Rent(PageCache cache, KeyRange range, ScanDirection direction)
    {
        ScanState state = s_kept is { Count: > 0 } kept ? kept.Pop() : new ScanState();
        state.Bounds.Set(range, direction);
        state._cache = cache;
        state.PinsLeaves = false;
        state.Merge.Begin(state.Bounds.IsBackward, state.Bounds.Skip);
        return state;
    }

    /// <summary>Lets all runs go; the caller uses it no more.</summary>
    public void Return()
    {
        Merge.Release();
        Leave();
        _cache = null!;
        _diskCount = 0;
        _memoryCount = 0;
        Stack<ScanState> kept = s_kept ??= new Stack<ScanState>(MostKept);
        if (kept.Count < MostKept)
        {
            kept.Push(this);
        }
    }

    /// <summary>Adds the entries of a run in memory, if there are any.</summary>
    public void Add(MemoryRun run, int age)
    {
        if (_memoryCount == _memory.Count)
        {
            _memory.Add(new MemorySource());
        }

        MemorySource source = _memory[_memoryCount];
        source.Set(run, Bounds, age);
        if (source.IsEmpty)
        {
            source.Release();
        }
        else
        {
            Merge.Add(source);
            _memoryCount++;
        }
    }

    /// <summary>Adds the entries of a run on disk.</summary>
    public void Add(DiskRun run, int age)
    {
        if (_diskCount == _disk.Count)
        {
            _disk.Add(new DiskSource());
        }

        DiskSource source = _disk[_diskCount++];
        source.Set(this, run, _cache, age);
        Merge.Add(source);
    }

    /// <summary>Goes inside, for a source to find pages; afterwards it calls <see cref="Exit"/>.</summary>
    public ReaderSlot Enter() => _reader ??= _cache.Enter();

    /// <summary>Ends <see cref="Enter"/>; a scan that does not pin stays inside.</summary>
    public void Exit()
    {
        if (PinsLeaves)
        {
            Leave();
        }
    }

    /// <summary>Pins the leaves from now on, and those it stands on.</summary>
    public void PinLeaves()
    {
        if (!PinsLeaves)
        {
            PinsLeaves = true;
            for (int i = 0; i < _diskCount; i++)
            {
                _disk[i].PinLeaf();
            }

            Leave();
        }
    }

    private void Leave()
    {
        if (_reader is not null)
        {
            PageCache.Exit(_reader);
            _reader = null;
        }
    }
}
