using System.Buffers.Binary;
using Mortise.Conformance;
using Mortise.Indexing;

namespace Mortise.BTreeIndex.Tests;

/// <summary>An index in a simulated world, with numbered keys.</summary>
internal sealed class IndexBench : IDisposable
{
    public IndexBench(BTreeIndexOptions options, Mortise.Caching.ICacheGrant? cache = null, bool canMap = false)
    {
        World = new SimWorld(1, new SimDiskOptions { KeepLog = false, CanMap = canMap }) { Cache = cache };
        Index = BTreeIndexOpener.Open(World.Context("index"), options, default);
    }

    public SimWorld World { get; }

    public BTreeIndexFamily Index { get; }

    public static byte[] Key(long number)
    {
        byte[] key = new byte[40];
        key.AsSpan(0, 20).Fill((byte)'k');
        BinaryPrimitives.WriteInt64BigEndian(key.AsSpan(32), number);
        return key;
    }

    public static byte[] Value(long number) => BitConverter.GetBytes(number);

    /// <summary>Applies sets of numbers, a thousand a batch.</summary>
    public void Fill(IEnumerable<long> numbers)
    {
        foreach (long[] chunk in numbers.Chunk(1000))
        {
            BatchMaker batch = new();
            foreach (long number in chunk)
            {
                batch.Set(Key(number), Value(number));
            }

            batch.ApplyTo(Index, Index.AppliedLsn.Value + 1);
        }
    }

    /// <summary>Makes it durable and merges until there is nothing to merge.</summary>
    public void Settle()
    {
        World.Background.Complete(Index.CheckpointAsync());
        World.Background.RunAll();
    }

    public void Dispose()
    {
        World.Background.Complete(Index.DisposeAsync());
        World.Dispose();
    }

    internal struct CountSink : IEntrySink
    {
        public long Count;
        public long StopAfter;

        public bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => ++Count != StopAfter;
    }
}
