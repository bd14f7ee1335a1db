using Mortise.Components;
using Mortise.Indexing;

namespace Mortise.BTreeIndex;

/// <summary>An ordered map of byte keys: recent batches as sorted runs in memory, the rest as packed B+trees in a page
/// file that are merged in the background.</summary>
/// <remarks>
/// <para>This class is the writer's and the readers' side: it makes new versions and hands them out. What goes to disk,
/// and when, is <see cref="IndexMaintenance"/>.</para>
/// <para>Source: O'Neil et al., "The Log-Structured Merge-Tree", Acta Informatica 33, 1996; Bentley and Saxe,
/// "Decomposable searching problems I", 1980.</para>
/// </remarks>
internal sealed class BTreeIndexFamily : IIndexFamily, IPackableIndex
{
    private readonly ComponentContext _context;
    private readonly PageFile _file;
    private readonly PageCache _cache;
    private readonly IndexState _state;
    private readonly DurableState _durable;
    private readonly IndexMaintenance _maintenance;
    private readonly long _memoryBudget;
    private int _isDisposed;

    /// <summary>Takes over an open file.</summary>
    /// <param name="context">The outside world.</param>
    /// <param name="options">Valid options.</param>
    /// <param name="file">The page file.</param>
    /// <param name="meta">Its durable state.</param>
    /// <param name="runs">The runs of that state, newest first.</param>
    public BTreeIndexFamily(
        ComponentContext context, BTreeIndexOptions options, PageFile file, MetaRecord meta, List<RunRecord> runs)
    {
        _context = context;
        _file = file;
        _memoryBudget = options.MemoryBudget.Bytes;
        _cache = new PageCache(file, context.Cache, options.CacheSize.Bytes);
        PageSpace space = new(BTreeIndexOpener.UsedExtents(meta, runs));
        DiskRun[] disk = runs.ConvertAll(record => new DiskRun(record, run => DropRun(run, space))).ToArray();
        _state = new IndexState(new IndexVersion(meta.Lsn, [], [], disk));
        _durable = new DurableState(context, file, space, meta, disk);
        _maintenance = new IndexMaintenance(
            context, options, file, space, _state, _durable, run => DropRun(run, space));
        Traits = new IndexTraits
        {
            MaxKeyBytes = PageFormat.MaxKeyBytes(file.PageBytes),
            MaxValueBytes = file.PageBytes / 4,
            IsPersistent = true,
        };
        _maintenance.Start();
    }

    /// <inheritdoc/>
    public ComponentIdentity Identity { get; } = new()
    {
        PluginId = BTreeIndexPlugin.PluginId,
        PluginVersion = typeof(BTreeIndexFamily).Assembly.GetName().Version?.ToString(3) ?? "",
        ComponentId = BTreeIndexPlugin.ComponentId,
        FormatName = PageFormat.FormatName,
        FormatVersion = PageFormat.FormatVersion,
        OldestReadableFormatVersion = PageFormat.OldestReadableFormatVersion,
    };

    /// <inheritdoc/>
    public ComponentHealth Health => _maintenance.Health;

    /// <inheritdoc/>
    public IndexTraits Traits { get; }

    /// <inheritdoc/>
    public Lsn AppliedLsn => _state.Current.Lsn;

    /// <inheritdoc/>
    public Lsn DurableLsn => _durable.Lsn;

    /// <inheritdoc/>
    public IndexStatistics Statistics
    {
        get
        {
            ThrowIfDisposed();
            IndexVersion version = _state.Current;
            return new IndexStatistics(
                version.EstimatedEntries,
                _file.File.Length,
                version.MemoryBytes + _cache.AllocatedBytes,
                _file.PagesRead,
                _file.PagesWritten);
        }
    }

    /// <summary>For tests: the state on disk.</summary>
    internal DurableState Durable => _durable;

    /// <summary>For tests: which pages are free.</summary>
    internal PageSpace Space => _maintenance.Space;

    /// <summary>For tests: the page cache.</summary>
    internal PageCache Cache => _cache;

    /// <summary>For tests: the current version.</summary>
    internal IndexVersion CurrentVersion => _state.Current;

    /// <inheritdoc/>
    public void Apply(in IndexBatch batch)
    {
        ThrowIfDisposed();
        IndexVersion before = _state.Current;
        if (batch.Lsn != Lsn.None && batch.Lsn <= before.Lsn)
        {
            throw new ArgumentException($"the batch has LSN {batch.Lsn}, but {before.Lsn} was applied already", nameof(batch));
        }

        _maintenance.MakeRoom(4 * _memoryBudget);
        MemoryRun added = MemoryRunBuilder.FromBatch(in batch, Traits);
        _state.Add(batch.Lsn == Lsn.None ? before.Lsn : batch.Lsn, added);
        IndexVersion after = _state.Current;
        if (after.ActiveBytes >= _memoryBudget)
        {
            _state.Seal();
            _maintenance.Signal();
        }
        else if (MemoryTier.ChooseForBackground(after.Active).Length > 0)
        {
            _maintenance.Signal();
        }
    }

    /// <inheritdoc/>
    public IIndexSnapshot OpenSnapshot()
    {
        ThrowIfDisposed();
        return new IndexSnapshot(_state.AcquireCurrent(), _cache, _maintenance);
    }

    /// <inheritdoc/>
    public ValueTask CheckpointAsync(CancellationToken cancellation = default)
    {
        ThrowIfDisposed();
        cancellation.ThrowIfCancellationRequested();
        IndexVersion version = _state.Current;
        if (version.Lsn == Lsn.None || (version.Lsn == DurableLsn && IsDurable(version)))
        {
            return ValueTask.CompletedTask;
        }

        return new ValueTask(_maintenance.EnqueueCheckpoint(_state.Seal(), version.Lsn));
    }

    /// <inheritdoc/>
    public bool IsPacked
    {
        get
        {
            ThrowIfDisposed();
            IndexVersion version = _state.Current;
            return version.Lsn == DurableLsn && IsDurable(version) && RunMerging.IsPacked(version.Disk, _maintenance.Space);
        }
    }

    /// <inheritdoc/>
    public ValueTask PackAsync(CancellationToken cancellation = default)
    {
        ThrowIfDisposed();
        cancellation.ThrowIfCancellationRequested();
        Lsn lsn = _state.Current.Lsn;
        return lsn == Lsn.None || IsPacked
            ? ValueTask.CompletedTask
            : new ValueTask(_maintenance.EnqueuePack(_state.Seal(), lsn, cancellation));
    }

    /// <inheritdoc/>
    public ValueTask ResetAsync(CancellationToken cancellation = default)
    {
        ThrowIfDisposed();
        cancellation.ThrowIfCancellationRequested();
        return new ValueTask(_maintenance.EnqueueReset());
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        await _maintenance.DisposeAsync().ConfigureAwait(false);
        _cache.Close();
        _file.Dispose();
    }

    private bool IsDurable(IndexVersion version)
    {
        DiskRun[] durable = _durable.Runs;
        return version.Memory.Length == 0 && Array.TrueForAll(version.Disk, run => Array.IndexOf(durable, run) >= 0);
    }

    private void DropRun(DiskRun run, PageSpace space)
    {
        List<Extent> extents = [];
        run.Record.AddExtents(extents);
        Extent[] freed = [.. extents];
        _cache.Purge(freed);
        space.Free(freed);

        // What became free is given back when there is nothing else to do.
        _maintenance.Signal();
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);
}
