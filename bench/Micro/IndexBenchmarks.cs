using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using Mortise.BTreeIndex;
using Mortise.Conformance;
using Mortise.Indexing;

namespace Mortise.Bench.Micro;

/// <summary>The index through its contract: lookup, seek, step, and the cost of the seam itself.</summary>
[MemoryDiagnoser]
public class IndexBenchmarks
{
    private const int Entries = 200_000;
    private const int KeyBytes = 40;
    private const int BatchSize = 1000;

    private readonly SimWorld _world = new(1, new SimDiskOptions { CanMap = true, KeepLog = false });
    private readonly byte[] _value = new byte[8];
    private readonly byte[] _key = new byte[KeyBytes];
    private IIndexFamily _index = null!;
    private IIndexSnapshot _snapshot = null!;
    private uint _next = 1;

    [GlobalSetup]
    public void Setup()
    {
        _index = BTreeIndexOpener.Open(_world.Context("index"), new BTreeIndexOptions(), default);
        byte[] arena = new byte[BatchSize * (KeyBytes + 8)];
        var mutations = new IndexMutation[BatchSize];
        for (int batch = 0; batch < Entries / BatchSize; batch++)
        {
            for (int i = 0; i < BatchSize; i++)
            {
                int at = i * (KeyBytes + 8);
                WriteKey((batch * BatchSize) + i, arena.AsSpan(at, KeyBytes));
                mutations[i] = new IndexMutation(IndexOperation.Set, at, KeyBytes, at + KeyBytes, 8);
            }

            _index.Apply(new IndexBatch(new Lsn((ulong)batch + 1), arena, mutations));
        }

        _world.Background.Complete(_index.CheckpointAsync());
        _world.Background.RunAll();
        _snapshot = _index.OpenSnapshot();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _snapshot.Dispose();
        _world.Background.Complete(_index.DisposeAsync());
        _world.Dispose();
    }

    [Benchmark(Baseline = true, Description = "lookup, there")]
    public bool Hit()
    {
        WriteKey((int)(Draw() % Entries), _key);
        return _snapshot.TryGet(_key, _value, out _);
    }

    [Benchmark(Description = "lookup, not there")]
    public bool Miss()
    {
        WriteKey((int)(Draw() % Entries), _key);
        _key[^1] = 1;
        return _snapshot.TryGet(_key, _value, out _);
    }

    [Benchmark(Description = "seek and 20 entries")]
    public int Scan20() => Scan(20);

    [Benchmark(Description = "seek and 1000 entries")]
    public int Scan1000() => Scan(1000);

    [Benchmark(Description = "the seam: one interface call")]
    public bool Seam() => _snapshot.TryGet(default, _value, out _);

    private int Scan(int count)
    {
        WriteKey((int)(Draw() % (Entries - 2000)), _key);
        var sink = new CountingSink { Left = count };
        _snapshot.Scan(new KeyRange(_key, default), ScanDirection.Forward, ref sink);
        return sink.Left;
    }

    // Ascending, with the spread of real keys: 32 bytes that differ early, then a time.
    private static void WriteKey(int position, Span<byte> to)
    {
        to.Clear();
        BinaryPrimitives.WriteUInt32BigEndian(to, (uint)position);
        BinaryPrimitives.WriteUInt32BigEndian(to[32..], (uint)position * 2654435761);
    }

    private uint Draw()
    {
        _next ^= _next << 13;
        _next ^= _next >> 17;
        _next ^= _next << 5;
        return _next;
    }

    private struct CountingSink : IEntrySink
    {
        public int Left;

        public bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => --Left > 0;
    }
}
