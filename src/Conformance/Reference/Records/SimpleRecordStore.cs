using System.Collections.Immutable;
using Mortise.Components;
using Mortise.Plugins;
using Mortise.Records;

namespace Mortise.Reference;

/// <summary>A record store, made to be obviously right: all records in memory, a checkpoint writes them all
/// anew.</summary>
/// <remarks>Role: the reference for the laws of a record store. Threads: as the contract says.</remarks>
public sealed class SimpleRecordStore : IRecordStore, IReclaimable
{
    private const string FileName = "records";
    private const ulong Magic = 0x3143455249534D52; // "RMSIREC1" in file order.

    private const ulong SegmentLocations = 16 << 10;

    private readonly Action<RecordState> _save;
    private volatile RecordState _state;
    private volatile RecordState _durable;
    private volatile bool _disposed;

    /// <param name="options">The largest record.</param>
    /// <param name="state">What is there.</param>
    /// <param name="save">Makes a state durable before it returns.</param>
    internal SimpleRecordStore(SimpleRecordStoreOptions options, RecordState state, Action<RecordState> save)
    {
        MaxRecordBytes = checked((int)options.MaxRecord.Bytes);
        _save = save;
        _state = state;
        _durable = state;
    }

    /// <summary>What it is called and what it is.</summary>
    public static ComponentDescriptor Descriptor { get; } = new()
    {
        Id = "mortise.reference.simple-records",
        Summary = "A record store that is written whole at every checkpoint.",
        FormatName = "mortise-reference-records",
        FormatVersion = 1,
        OldestReadableFormatVersion = 1,
    };

    /// <summary>Checks its file.</summary>
    public static IExaminer Examiner { get; } = new SnapshotExaminer(
        FileName,
        (files, storeId) => SnapshotFile.Read(files, FileName, Magic, 1, storeId) is { } snapshot
            ? RecordState.Decode(files.Path, snapshot.Lsn, snapshot.Payload).Records.Count
            : null);

    /// <inheritdoc/>
    public ComponentIdentity Identity { get; } = ReferenceIdentity.Of(Descriptor);

    /// <inheritdoc/>
    public Lsn AppliedLsn => Current.Lsn;

    /// <inheritdoc/>
    public Lsn DurableLsn
    {
        get
        {
            ThrowIfDisposed();
            return _durable.Lsn;
        }
    }

    /// <inheritdoc/>
    public int MaxRecordBytes { get; }

    /// <inheritdoc/>
    public RecordStoreStatistics Statistics
    {
        get
        {
            long live = 0, liveBytes = 0, dead = 0, deadBytes = 0;
            foreach (StoredRecord record in Current.Records.Values)
            {
                live += record.IsDeleted ? 0 : 1;
                liveBytes += record.IsDeleted ? 0 : record.Body.Length;
                dead += record.IsDeleted ? 1 : 0;
                deadBytes += record.IsDeleted ? record.Body.Length : 0;
            }

            return new RecordStoreStatistics(live, liveBytes, dead, deadBytes, 0, 1);
        }
    }

    private RecordState Current
    {
        get
        {
            ThrowIfDisposed();
            return _state;
        }
    }

    /// <summary>Opens what is there, or an empty store.</summary>
    public static ValueTask<IRecordStore> OpenAsync(
        ComponentContext context, SimpleRecordStoreOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(options);
        cancellation.ThrowIfCancellationRequested();
        RecordState state = SnapshotFile.Read(context.Files, FileName, Magic, 1, context.StoreId) is { } snapshot
            ? RecordState.Decode($"{context.Files.Path}/{FileName}", snapshot.Lsn, snapshot.Payload)
            : RecordState.Empty;
        return new ValueTask<IRecordStore>(new SimpleRecordStore(options, state, Save));

        void Save(RecordState saved) => SnapshotFile.Replace(
            context.Files, FileName, Magic, 1, context.StoreId, saved.Lsn, saved.Encode());
    }

    /// <inheritdoc/>
    public void Plan(ReadOnlySpan<int> lengths, Span<RecordLocation> locations)
    {
        ulong next = Current.Next;
        if (locations.Length < lengths.Length)
        {
            throw new ArgumentException(
                $"room for {locations.Length} of {lengths.Length} locations", nameof(locations));
        }

        foreach (int length in lengths)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(length, 1, nameof(lengths));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaxRecordBytes, nameof(lengths));
        }

        for (int i = 0; i < lengths.Length; i++)
        {
            locations[i] = new RecordLocation(next);
            next += (ulong)lengths[i];
        }
    }

    /// <inheritdoc/>
    public void Apply(in RecordBatch batch)
    {
        RecordState state = Current;
        if (batch.Lsn <= state.Lsn)
        {
            return;
        }

        ulong next = state.Next;
        ImmutableSortedDictionary<ulong, StoredRecord>.Builder records = state.Records.ToBuilder();
        foreach (ref readonly RecordMutation mutation in batch.Mutations)
        {
            ulong location = mutation.Location.Value;
            if (mutation.Operation == RecordOperation.Put)
            {
                ReadOnlySpan<byte> body = batch.Body(mutation);
                if (body.IsEmpty || body.Length > MaxRecordBytes || location == 0)
                {
                    throw new ArgumentException($"a record of {body.Length} bytes at {location}", nameof(batch));
                }

                records.TryAdd(location, new StoredRecord(body.ToArray(), batch.Lsn, IsDeleted: false));
                next = Math.Max(next, location + (ulong)body.Length);
            }
            else if (records.TryGetValue(location, out StoredRecord? record))
            {
                records[location] = record with { IsDeleted = true };
            }
        }

        _state = new RecordState(batch.Lsn, next, records.ToImmutable());
    }

    /// <inheritdoc/>
    public RecordLease Read(RecordLocation location)
    {
        StoredRecord record = Find(Current, location);
        return new RecordLease(record.Body, new RecordInfo(record.Lsn, record.IsDeleted));
    }

    /// <inheritdoc/>
    public void ReadMany<TSink>(ReadOnlySpan<RecordLocation> locations, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        RecordState state = Current;
        foreach (RecordLocation location in locations)
        {
            StoredRecord record = Find(state, location);
            if (!sink.Accept(location, record.Body, new RecordInfo(record.Lsn, record.IsDeleted)))
            {
                return;
            }
        }
    }

    /// <inheritdoc/>
    public void Scan<TSink>(ScanDirection direction, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        List<ulong> locations = [.. Current.Records.Keys];
        if (direction == ScanDirection.Backward)
        {
            locations.Reverse();
        }

        foreach (ulong location in locations)
        {
            StoredRecord record = Current.Records[location];
            if (!record.IsDeleted
                && !sink.Accept(
                    new RecordLocation(location), record.Body, new RecordInfo(record.Lsn, IsDeleted: false)))
            {
                return;
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask CheckpointAsync(CancellationToken cancellation = default)
    {
        RecordState state = Current;
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellation);
        }

        if (state != _durable)
        {
            _save(state);
            _durable = state;
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public IReadOnlyList<SegmentUsage> GetUsage()
    {
        RecordState state = Current;
        List<SegmentUsage> usage = [];
        foreach (IGrouping<int, StoredRecord> segment in state.Records.GroupBy(r => SegmentOf(r.Key), r => r.Value))
        {
            StoredRecord[] live = [.. segment.Where(r => !r.IsDeleted)];
            StoredRecord[] dead = [.. segment.Where(r => r.IsDeleted)];
            long bytes = live.Sum(r => (long)r.Body.Length);
            long deadBytes = dead.Sum(r => (long)r.Body.Length);
            usage.Add(new SegmentUsage(
                segment.Key, IsSealed(state, segment.Key), live.Length, bytes, dead.Length, deadBytes, bytes
                    + deadBytes));
        }

        return usage;
    }

    /// <inheritdoc/>
    public void ScanSegment<TSink>(int segment, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        RequireSegment(Current, segment);
        foreach ((ulong location, StoredRecord record) in Current.Records)
        {
            if (SegmentOf(location) == segment
                && !record.IsDeleted
                && !sink.Accept(
                    new RecordLocation(location), record.Body, new RecordInfo(record.Lsn, IsDeleted: false)))
            {
                return;
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask ReclaimAsync(int segment, CancellationToken cancellation = default)
    {
        RecordState state = Current;
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellation);
        }

        RequireSegment(state, segment);
        if (!IsSealed(state, segment) || HasLive(state, segment) || HasLive(_durable, segment))
        {
            throw new InvalidOperationException($"segment {segment} is not sealed, or holds a live record");
        }

        RecordState durable = Without(_durable, segment);
        _save(durable);
        bool isSame = _durable == state;
        _durable = durable;
        _state = isSame ? durable : Without(state, segment);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _disposed = true;
        return ValueTask.CompletedTask;
    }

    /// <summary>Segments are stretches of locations; a record belongs to that in which it begins.</summary>
    private static int SegmentOf(ulong location) => (int)(location / SegmentLocations) + 1;

    private static bool IsSealed(RecordState state, int segment) => SegmentOf(state.Next) > segment;

    private static bool HasLive(RecordState state, int segment) =>
        state.Records.Any(r => SegmentOf(r.Key) == segment && !r.Value.IsDeleted);

    private static void RequireSegment(RecordState state, int segment)
    {
        if (!state.Records.Keys.Any(location => SegmentOf(location) == segment))
        {
            throw new StorageException(StorageErrorCode.NotFound, $"there is no segment {segment}");
        }
    }

    private static RecordState Without(RecordState state, int segment) => state with
    {
        Records = state.Records.RemoveRange(state.Records.Keys.Where(location => SegmentOf(location) == segment)),
    };

    private static StoredRecord Find(RecordState state, RecordLocation location) =>
        state.Records.TryGetValue(location.Value, out StoredRecord? record)
            ? record
            : throw new StorageException(StorageErrorCode.NotFound, $"there is no record at {location}");

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, this);
}
