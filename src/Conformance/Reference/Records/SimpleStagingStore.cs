using System.Buffers.Binary;
using System.Globalization;
using Mortise.Components;
using Mortise.Files;
using Mortise.Primitives;
using Mortise.Records;

namespace Mortise.Reference;

/// <summary>Adds <see cref="IRecordStaging"/> to a record store, made to be obviously right: each call of
/// <see cref="TryStage"/> writes a file of its own beside the store's.</summary>
/// <remarks>Role: the reference for the laws of staging. Threads: as the contracts say.</remarks>
public sealed class SimpleStagingStore : IRecordStore, IRecordStaging
{
    private const string Prefix = "staged-";
    private const int HeadBytes = 28;

    private readonly IRecordStore _inner;
    private readonly IStorageDirectory _files;
    private readonly Lock _lock = new();

    // Bodies that no checkpoint has, applied or not, and the files of this life that hold them.
    private readonly SortedDictionary<(ulong Lsn, ulong Location), byte[]> _bodies = [];
    private readonly SortedDictionary<int, Lsn> _written = [];
    private readonly List<int> _unsynced = [];
    private bool _isTailKept = true;
    private int _next;

    private SimpleStagingStore(IRecordStore inner, IStorageDirectory files)
    {
        _inner = inner;
        _files = files;
        _next = Numbers(files).DefaultIfEmpty(0).Max() + 1;
    }

    /// <summary>Checks the store's file, and reads what is staged.</summary>
    public static IExaminer Examiner { get; } = new StagingExaminer(SimpleRecordStore.Examiner);

    /// <inheritdoc/>
    public ComponentIdentity Identity => _inner.Identity;

    /// <inheritdoc/>
    public ComponentHealth Health => _inner.Health;

    /// <inheritdoc/>
    public Lsn AppliedLsn => _inner.AppliedLsn;

    /// <inheritdoc/>
    public Lsn DurableLsn => _inner.DurableLsn;

    /// <inheritdoc/>
    public int MaxRecordBytes => _inner.MaxRecordBytes;

    /// <inheritdoc/>
    public RecordStoreStatistics Statistics => _inner.Statistics;

    /// <summary>Opens the reference store with staging.</summary>
    public static async ValueTask<IRecordStore> OpenAsync(
        ComponentContext context, SimpleRecordStoreOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(context);
        IRecordStore inner = await SimpleRecordStore.OpenAsync(context, options, cancellation).ConfigureAwait(false);
        return new SimpleStagingStore(inner, context.Files);
    }

    /// <inheritdoc/>
    public void Plan(ReadOnlySpan<int> lengths, Span<RecordLocation> locations) => _inner.Plan(lengths, locations);

    /// <inheritdoc/>
    public void Apply(in RecordBatch batch)
    {
        bool isNew = batch.Lsn > _inner.AppliedLsn;
        _inner.Apply(batch);
        lock (_lock)
        {
            foreach (RecordMutation mutation in isNew ? batch.Mutations : [])
            {
                if (mutation.Operation == RecordOperation.Put)
                {
                    _bodies[(batch.Lsn.Value, mutation.Location.Value)] = batch.Body(mutation).ToArray();
                }
            }
        }
    }

    /// <inheritdoc/>
    public RecordLease Read(RecordLocation location) => _inner.Read(location);

    /// <inheritdoc/>
    public void ReadMany<TSink>(ReadOnlySpan<RecordLocation> locations, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct => _inner.ReadMany(locations, ref sink);

    /// <inheritdoc/>
    public void Scan<TSink>(ScanDirection direction, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct => _inner.Scan(direction, ref sink);

    /// <inheritdoc/>
    public bool TryStage(ReadOnlySpan<byte> arena, ReadOnlySpan<StagedRecord> records, Span<ulong> checks)
    {
        Lsn applied = AppliedLsn;
        lock (_lock)
        {
            if (_isTailKept)
            {
                Drop(applied);
            }

            for (int i = 0; i < records.Length; i++)
            {
                byte[] body = arena.Slice(records[i].Offset, records[i].Length).ToArray();
                _bodies[(records[i].Lsn.Value, records[i].Location.Value)] = body;
                checks[i] = Check(Encode(records[i].Lsn.Value, records[i].Location.Value, body));
            }

            Write(applied);
            return true;
        }
    }

    /// <inheritdoc/>
    public void Unstage()
    {
        Lsn applied = AppliedLsn;
        lock (_lock)
        {
            Drop(applied);
        }
    }

    /// <inheritdoc/>
    public void SyncStaged()
    {
        _ = AppliedLsn;
        lock (_lock)
        {
            if (_isTailKept)
            {
                // What was replayed may be in memory only.
                Write(Lsn.None);
            }

            Sync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask CheckpointAsync(CancellationToken cancellation = default)
    {
        await _inner.CheckpointAsync(cancellation).ConfigureAwait(false);
        Lsn durable = DurableLsn;
        lock (_lock)
        {
            foreach ((ulong Lsn, ulong Location) key in _bodies.Keys.TakeWhile(k => k.Lsn <= durable.Value).ToArray())
            {
                _bodies.Remove(key);
            }

            foreach (int number in _written.Where(file => file.Value <= durable).Select(file => file.Key).ToArray())
            {
                Delete(number);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _inner.DisposeAsync();

    private static IEnumerable<int> Numbers(IStorageDirectory files) => files.List()
        .Where(static entry => entry.Name.StartsWith(Prefix, StringComparison.Ordinal))
        .Select(static entry => int.Parse(entry.Name[Prefix.Length..], CultureInfo.InvariantCulture))
        .Order();

    private static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number}");

    private static byte[] Encode(ulong lsn, ulong location, byte[] body)
    {
        byte[] bytes = new byte[HeadBytes + body.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), lsn);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), location);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24), body.Length);
        body.CopyTo(bytes, HeadBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Crc32C.Of(bytes.AsSpan(8)));
        return bytes;
    }

    private static ulong Check(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadUInt64LittleEndian(record);

    /// <summary>Leaves what is applied and in no checkpoint: in a new file, durable before the others go.</summary>
    private void Drop(Lsn applied)
    {
        foreach ((ulong Lsn, ulong Location) key in _bodies.Keys.Where(key => key.Lsn > applied.Value).ToArray())
        {
            _bodies.Remove(key);
        }

        int[] old = [.. Numbers(_files)];
        if (old.Length > 0)
        {
            Write(Lsn.None);
            Sync();
            Array.ForEach(old, Delete);
        }

        _isTailKept = false;
    }

    /// <summary>Writes a file of what is behind a commit.</summary>
    private void Write(Lsn behind)
    {
        byte[] bytes =
        [
            .. _bodies.Where(body => body.Key.Lsn > behind.Value)
                .SelectMany(body => Encode(body.Key.Lsn, body.Key.Location, body.Value)),
        ];
        if (bytes.Length > 0)
        {
            using IStorageFile file = _files.Open(Name(_next), FileIntent.CreateNew);
            file.Write(bytes, 0);
            _written.Add(_next, new Lsn(_bodies.Keys.Last().Lsn));
            _unsynced.Add(_next++);
        }
    }

    private void Sync()
    {
        foreach (int number in _unsynced)
        {
            using IStorageFile file = _files.Open(Name(number), FileIntent.ReadWrite);
            file.Sync(SyncKind.Full);
        }

        if (_unsynced.Count > 0)
        {
            _files.Sync();
            _unsynced.Clear();
        }
    }

    private void Delete(int number)
    {
        _files.Delete(Name(number));
        _written.Remove(number);
        _unsynced.Remove(number);
    }

    private sealed class StagingExaminer(IExaminer inner) : IExaminer, IStagedRecords
    {
        public ExaminationSummary Examine(
            IStorageDirectory files, Guid storeId, Action<Finding> report, CancellationToken cancellation) =>
            inner.Examine(files, storeId, report, cancellation);

        public Guid? FindStoreId(IStorageDirectory files) => inner.FindStoreId(files);

        public IStagedReader OpenStaged(IStorageDirectory files, Guid storeId) => new Reader(files);
    }

    private sealed class Reader(IStorageDirectory files) : IStagedReader
    {
        public bool TryRead(in StagedRecord record, ulong check, Span<byte> body)
        {
            foreach (int number in Numbers(files))
            {
                using IStorageFile file = files.Open(Name(number), FileIntent.Read);
                byte[] bytes = new byte[file.Length];
                ReadOnlySpan<byte> left = bytes.AsSpan(0, file.Read(bytes, 0));
                while (left.Length >= HeadBytes
                    && BinaryPrimitives.ReadInt32LittleEndian(left[24..]) is var length
                    && length > 0 && length <= left.Length - HeadBytes
                    && Crc32C.Of(left[8..(HeadBytes + length)]) == Check(left))
                {
                    if (Check(left) == check && length == record.Length
                        && BinaryPrimitives.ReadUInt64LittleEndian(left[8..]) == record.Lsn.Value
                        && BinaryPrimitives.ReadUInt64LittleEndian(left[16..]) == record.Location.Value)
                    {
                        left.Slice(HeadBytes, length).CopyTo(body);
                        return true;
                    }

                    left = left[(HeadBytes + length)..];
                }
            }

            return false;
        }

        public void Dispose()
        {
        }
    }
}
