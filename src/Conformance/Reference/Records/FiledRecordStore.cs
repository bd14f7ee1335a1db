using Mortise.Components;
using Mortise.Records;

namespace Mortise.Reference;

/// <summary>A record store of which one damaged place costs one record, made to be obviously right: every record has a
/// file of its own.</summary>
/// <remarks>Role: the reference for the laws of salvaging, of quarantine and of copies. Threads: as the contracts
/// say.</remarks>
public sealed class FiledRecordStore : IRecordStore, IRecordSalvage
{
    private readonly SimpleRecordStore _inner;
    private readonly SortedDictionary<ulong, StorageException> _damaged;
    private readonly IDisposable _lock;

    private FiledRecordStore(
        SimpleRecordStore inner, SortedDictionary<ulong, StorageException> damaged, IDisposable @lock)
    {
        _inner = inner;
        _damaged = damaged;
        _lock = @lock;
    }

    /// <summary>Checks its files, mends them and copies them.</summary>
    public static IExaminer Examiner { get; } = new FiledRecordsExaminer();

    /// <inheritdoc/>
    public ComponentIdentity Identity => _inner.Identity;

    /// <inheritdoc/>
    public Lsn AppliedLsn => _inner.AppliedLsn;

    /// <inheritdoc/>
    public Lsn DurableLsn => _inner.DurableLsn;

    /// <inheritdoc/>
    public int MaxRecordBytes => _inner.MaxRecordBytes;

    /// <inheritdoc/>
    public RecordStoreStatistics Statistics => _inner.Statistics;

    /// <summary>Opens what is there, or an empty store.</summary>
    public static ValueTask<IRecordStore> OpenAsync(
        ComponentContext context, SimpleRecordStoreOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(options);
        cancellation.ThrowIfCancellationRequested();
        IDisposable held = context.Files.TryLock(RecordFiles.LockName)
            ?? throw new StorageException(
                StorageErrorCode.Locked, "the records are open elsewhere", context.Files.Path);
        try
        {
            SortedDictionary<ulong, StorageException> damaged = [];
            RecordState state = RecordFiles.Load(context.Files, context.StoreId, damaged) ?? RecordState.Empty;
            HashSet<ulong> written = [.. state.Records.Keys];
            SimpleRecordStore inner = new(options, state, Save);
            return new ValueTask<IRecordStore>(new FiledRecordStore(inner, damaged, held));

            void Save(RecordState saved)
            {
                foreach ((ulong location, StoredRecord record) in saved.Records.Where(r => !written.Contains(r.Key)))
                {
                    RecordFiles.WriteRecord(context.Files, context.StoreId, location, record);
                    written.Add(location);
                }

                RecordFiles.WriteList(context.Files, context.StoreId, saved);
            }
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Plan(ReadOnlySpan<int> lengths, Span<RecordLocation> locations) => _inner.Plan(lengths, locations);

    /// <inheritdoc/>
    public void Apply(in RecordBatch batch) => _inner.Apply(batch);

    /// <inheritdoc/>
    public RecordLease Read(RecordLocation location)
    {
        RecordLease lease = _inner.Read(location);
        return _damaged.TryGetValue(location.Value, out StorageException? error) ? throw error : lease;
    }

    /// <inheritdoc/>
    public void ReadMany<TSink>(ReadOnlySpan<RecordLocation> locations, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        _ = AppliedLsn;
        foreach (RecordLocation location in locations)
        {
            using RecordLease lease = Read(location);
            if (!sink.Accept(location, lease.Bytes, lease.Info))
            {
                return;
            }
        }
    }

    /// <inheritdoc/>
    public void Scan<TSink>(ScanDirection direction, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        foreach (RecordLocation location in Live(direction))
        {
            using RecordLease lease = Read(location);
            if (!sink.Accept(location, lease.Bytes, lease.Info))
            {
                return;
            }
        }
    }

    /// <inheritdoc/>
    public void Salvage<TSink>(ScanDirection direction, Action<Finding> report, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        ArgumentNullException.ThrowIfNull(report);
        foreach (RecordLocation location in Live(direction))
        {
            if (_damaged.TryGetValue(location.Value, out StorageException? error))
            {
                report(new Finding("record", RecordFiles.RecordName(location.Value), 0, error.Message));
                continue;
            }

            using RecordLease lease = _inner.Read(location);
            if (!sink.Accept(location, lease.Bytes, lease.Info))
            {
                return;
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask CheckpointAsync(CancellationToken cancellation = default) => _inner.CheckpointAsync(cancellation);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _inner.DisposeAsync().ConfigureAwait(false);
        _lock.Dispose();
    }

    private List<RecordLocation> Live(ScanDirection direction)
    {
        var places = new Places([]);
        _inner.Scan(direction, ref places);
        return places.Seen;
    }

    private readonly record struct Places(List<RecordLocation> Seen) : IRecordSink
    {
        public bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info)
        {
            Seen.Add(location);
            return true;
        }
    }
}
