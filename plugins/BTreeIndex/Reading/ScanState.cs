using Mortise.Indexing;

namespace Mortise.BTreeIndex;

/// <summary>What a scan needs while it runs: its bounds, a source a run, and their merge. Kept for the next scan of the
/// thread, so that a short scan costs no new memory.</summary>
/// <remarks>One thread at a time. A scan within a scan has its own.</remarks>
internal sealed class ScanState
{
    /// <summary>States that a thread keeps: a scan, and a few cursors beside it.</summary>
    private const int MostKept = 4;

    [ThreadStatic]
    private static Stack<ScanState>? s_kept;

    private readonly List<DiskSource> _disk = [];
    private readonly List<MemorySource> _memory = [];
    private int _diskCount;
    private int _memoryCount;

    private ScanState()
    {
    }

    public ScanBounds Bounds { get; } = new();

    public EntryMerge Merge { get; } = new();

    /// <summary>Runs on disk that the scan reads.</summary>
    public int DiskSources => _diskCount;

    /// <summary>A state with these bounds and without sources; the caller gives it back.</summary>
    public static ScanState Rent(KeyRange range, ScanDirection direction)
    {
        ScanState state = s_kept is { Count: > 0 } kept ? kept.Pop() : new ScanState();
        state.Bounds.Set(range, direction);
        state.Merge.Begin(state.Bounds.IsBackward, state.Bounds.Skip);
        return state;
    }

    /// <summary>Lets all runs go; the caller uses it no more.</summary>
    public void Return()
    {
        Merge.Release();
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
    public DiskSource Add(DiskRun run, PageCache cache, int age)
    {
        if (_diskCount == _disk.Count)
        {
            _disk.Add(new DiskSource());
        }

        DiskSource source = _disk[_diskCount++];
        source.Set(run, cache, Bounds, age);
        Merge.Add(source);
        return source;
    }
}
