using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using Mortise.Conformance;
using Mortise.Indexing;
using Xunit.Abstractions;

namespace Mortise.BTreeIndex.Tests;

public class ConcurrencyTests(ITestOutputHelper output)
{
    private const int BatchEntries = 60;
    private const int Window = 40;

    /// <summary>Goal: every scan is sorted and complete for its snapshot while the writer applies, checkpoints and
    /// merges. Method: batch n sets its entries and removes those of batch n - 40, so that a snapshot's LSN says exactly
    /// what is in it. The long run is MORTISE_SECONDS=60.</summary>
    [Fact]
    public async Task Readers_see_whole_states_while_the_writer_goes_on()
    {
        int batches = 600 * TestRun.Soak;
        BTreeIndexOptions options = new()
        {
            PageSize = ByteSize.KiB(4),
            MemoryBudget = ByteSize.KiB(64),
            CacheSize = ByteSize.KiB(48),
            MergeFanIn = 2,
            MaxRuns = 3,
        };
        using SimWorld world = new(5, new SimDiskOptions { KeepLog = false });
        BTreeIndexFamily index = BTreeIndexOpener.Open(world.Context("index"), options, default);
        using CancellationTokenSource stop = new();
        Task background = Run(() => world.Background.RunOne());
        List<Task> readers = [];
        ConcurrentBag<long> allocated = [];
        for (int i = 0; i < 4; i++)
        {
            int seed = i;
            Random random = new(seed);
            readers.Add(Run(() => allocated.Add(ReadOnce(index, random))));
        }

        Random order = new(9);
        Task pending = Task.CompletedTask;
        int checkpoints = 0;
        int n = 1;
        for (long start = Stopwatch.GetTimestamp();
            n <= batches || Stopwatch.GetElapsedTime(start).TotalSeconds < TestRun.Seconds;
            n++)
        {
            BatchMaker batch = new();
            for (int i = 0; i < BatchEntries; i++)
            {
                batch.Set(Key(n, i), BitConverter.GetBytes(n));
                if (n > Window)
                {
                    batch.Remove(Key(n - Window, i));
                }
            }

            batch.ApplyTo(index, (ulong)n);
            if (pending.IsCompleted && order.Next(10) == 0)
            {
                await pending;
                checkpoints++;
                pending = index.CheckpointAsync().AsTask();
            }

            if (n % 50 == 0)
            {
                await Task.Yield();
            }
        }

        await pending;
        await stop.CancelAsync();
        await Task.WhenAll(readers);
        await background;

        long[] full = [.. allocated.Where(bytes => bytes > 0).Order()];
        output.WriteLine(
            $"{n - 1} batches, {checkpoints} checkpoints, {allocated.Count} scans, {full.Length} of them of a full window of "
            + $"{Window * BatchEntries} entries, which allocated {full[0]} bytes at least and {full[full.Length / 2]} in the middle");

        // The smallest object an entry would be thrice as much; a scan that has to load pages may need frames for them.
        Assert.InRange(full[0], 1, 8 * Window * BatchEntries);
        world.Background.Complete(index.CheckpointAsync());
        world.Background.RunAll();
        Assert.Empty(world.Background.Faults);
        FileChecks.AssertAllPagesAccountedFor(index);
        Assert.Empty(FileChecks.Examine(world));
        world.Background.Complete(index.DisposeAsync());

        Task Run(Action once) => Task.Factory.StartNew(
            () =>
            {
                do
                {
                    once();
                    Thread.Yield();
                }
                while (!stop.IsCancellationRequested);
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    /// <returns>Bytes that a scan of a full window allocated on this thread, or 0 when the window was not full.</returns>
    private static long ReadOnce(BTreeIndexFamily index, Random random)
    {
        using IIndexSnapshot snapshot = index.OpenSnapshot();
        long lsn = (long)snapshot.Lsn.Value;
        long first = Math.Max(1, lsn - Window + 1);
        if (lsn == 0)
        {
            return 0;
        }

        bool isBackward = random.Next(2) == 0;
        CheckSink sink = new() { IsBackward = isBackward, First = first, Last = lsn };
        long before = GC.GetAllocatedBytesForCurrentThread();
        snapshot.Scan(KeyRange.All, isBackward ? ScanDirection.Backward : ScanDirection.Forward, ref sink);
        long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal((lsn - first + 1) * BatchEntries, sink.Count);
        byte[] value = new byte[8];
        for (int i = 0; i < 50; i++)
        {
            int n = (int)Math.Max(1, lsn + 5 - random.Next(Window + 10));
            Assert.Equal(n >= first && n <= lsn, snapshot.TryGet(Key(n, random.Next(BatchEntries)), value, out _));
        }

        return lsn >= Window ? bytes : 0;
    }

    /// <summary>Entries of all batches lie between each other.</summary>
    private static byte[] Key(int batch, int entry)
    {
        byte[] key = new byte[24];
        BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(8), (batch * 7919 + entry * 104_729) & 0xFFFF);
        BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(16), batch);
        BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(20), entry);
        return key;
    }

    private unsafe struct CheckSink : IEntrySink
    {
        private fixed byte _last[24];

        public bool IsBackward;
        public long First;
        public long Last;
        public long Count;

        public bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            fixed (byte* last = _last)
            {
                Span<byte> before = new(last, 24);
                int order = key.SequenceCompareTo(before);
                if (Count++ > 0 && (IsBackward ? order >= 0 : order <= 0))
                {
                    Assert.Fail($"entry {Count} is {Convert.ToHexString(key)}, behind {Convert.ToHexString(before)}");
                }

                key.CopyTo(before);
            }

            long batch = BitConverter.ToInt32(value);
            if (batch != BinaryPrimitives.ReadInt32BigEndian(key[16..]) || batch < First || batch > Last)
            {
                Assert.Fail($"an entry of batch {batch} in a state of {First} to {Last}: {Convert.ToHexString(key)}");
            }

            return true;
        }
    }
}
