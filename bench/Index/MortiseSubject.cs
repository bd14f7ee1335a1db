using System.Buffers.Binary;
using System.Diagnostics.Metrics;
using Mortise.BTreeIndex;
using Mortise.Components;
using Mortise.Host.Files;
using Mortise.Host.Running;
using Mortise.Indexing;

namespace Mortise.Bench.Index;

internal sealed class MortiseSubject : ISubject
{
    private readonly Workload _work;
    private readonly string _path;
    private readonly BTreeIndexFamily _index;
    private readonly Meter _meter = new("bench");
    private byte[] _arena = [];
    private IndexMutation[] _mutations = [];
    private ulong _lsn;

    public MortiseSubject(Workload work, string path, BTreeIndexOptions options)
    {
        _work = work;
        _path = Path.Combine(path, "index");
        PosixDirectory root = PosixDirectory.OpenRoot(path);
        ComponentContext context = new()
        {
            InstanceName = "index",
            StoreId = new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
            Files = root.OpenDirectory("index"),
            Time = TimeProvider.System,
            Background = new HostBackground(NullLog.Instance),
            Seed = 1,
            Log = NullLog.Instance,
            Meter = _meter,
        };
        root.Sync();
        _index = BTreeIndexOpener.Open(context, options, default);
        _lsn = _index.AppliedLsn.Value;
    }

    public string Name => "mortise";

    // What the file system keeps of it: holes are punched into the file.
    public long DiskBytes => Blocks.Of(_path);

    /// <summary>The file's length, holes included.</summary>
    public long FileBytes => _index.Statistics.DiskBytes;

    public long UsedBytes
    {
        get
        {
            long pages = 0;
            foreach (DiskRun run in _index.CurrentVersion.Disk)
            {
                pages += run.PageCount;
            }

            return pages * _index.Durable.Meta.PageBytes;
        }
    }

    public string Detail => string.Join(
        " ",
        Array.ConvertAll(_index.CurrentVersion.Disk, run => $"{run.Record.Entries}/{run.PageCount}p"))
        + $", memory runs {_index.CurrentVersion.Memory.Length}, pages written {_index.Statistics.PagesWritten}";

    public void Write(ReadOnlySpan<int> positions)
    {
        int entry = Workload.KeyBytes + Workload.ValueBytes;
        if (_mutations.Length != positions.Length)
        {
            _mutations = new IndexMutation[positions.Length];
            _arena = new byte[positions.Length * entry];
        }

        for (int i = 0; i < positions.Length; i++)
        {
            _work.Key(positions[i]).CopyTo(_arena.AsSpan(i * entry));
            BinaryPrimitives.WriteInt64LittleEndian(_arena.AsSpan((i * entry) + Workload.KeyBytes), positions[i]);
            _mutations[i] = new IndexMutation(
                IndexOperation.Set, i * entry, Workload.KeyBytes, (i * entry) + Workload.KeyBytes, Workload.ValueBytes);
        }

        _index.Apply(new IndexBatch(new Lsn(++_lsn), _arena, _mutations));
    }

    public void Sync() => _index.CheckpointAsync().AsTask().GetAwaiter().GetResult();

    public void Settle()
    {
        while (MergePolicy.Choose(_index.CurrentVersion.Disk, 4, 8) > 0)
        {
            Thread.Yield();
        }
    }

    public bool CanPack => true;

    public void Pack() => _index.PackAsync().AsTask().GetAwaiter().GetResult();

    public IReader OpenReader() => new Reader(_index.OpenSnapshot());

    public void Dispose()
    {
        _index.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _meter.Dispose();
    }

    private sealed class Reader(IIndexSnapshot snapshot) : IReader
    {
        public bool TryGet(ReadOnlySpan<byte> key, Span<byte> value) => snapshot.TryGet(key, value, out _);

        public long Scan(ReadOnlySpan<byte> from, int count)
        {
            SumSink sink = new() { Left = count };
            snapshot.Scan(new KeyRange(from, default), ScanDirection.Forward, ref sink);
            return sink.Sum;
        }

        public void Dispose() => snapshot.Dispose();
    }

    private struct SumSink : IEntrySink
    {
        public int Left;
        public long Sum;

        public bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            Sum += key[^1] + BinaryPrimitives.ReadInt64LittleEndian(value);
            return --Left > 0;
        }
    }
}
