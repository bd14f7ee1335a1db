using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO.Hashing;
using Mortise.Records;

namespace Mortise.Segments.Tests;

public sealed class ConcurrencyLaws
{
    /// <summary>Bodies that prove themselves: a checksum of the rest comes first. A freed mapping is overwritten by the
    /// simulated disk, so a reader that is not protected sees it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Readers_see_whole_records_during_appends_checkpoints_and_reclaiming(bool canMap)
    {
        LoggedStore store = await LoggedStore.OpenAsync(options: LoggedStore.SmallOptions, canMap: canMap);
        using var stop = new CancellationTokenSource();
        var known = new ConcurrentDictionary<int, RecordLocation>();
        var gone = new ConcurrentDictionary<uint, bool>();
        long reads = 0;
        Task[] readers = new Task[4];
        for (int i = 0; i < readers.Length; i++)
        {
            int seed = i;
            readers[i] = Task.Run(() =>
            {
                var random = new Random(seed);
                while (!stop.IsCancellationRequested)
                {
                    ReadSomething(store.Store, random, known, gone);
                    Interlocked.Increment(ref reads);
                }
            });
        }

        var random = new Random(99);
        int next = 0;
        for (int round = 0; round < 60 * TestSeed.Soak || (Interlocked.Read(ref reads) < 500 && round < 5000); round++)
        {
            byte[][] bodies = new byte[40][];
            for (int i = 0; i < bodies.Length; i++)
            {
                bodies[i] = Proving(random, random.Next(9, 900));
            }

            foreach (RecordLocation location in store.Commit(bodies, []))
            {
                known[next++] = location;
            }

            if (round % 3 == 0)
            {
                await store.Store.CheckpointAsync();
            }

            uint[] segments = [.. store.Model.Segments().Order()];
            if (round % 4 == 3 && segments.Length > 6)
            {
                // What moves is not known by its new place, and readers may have taken the old one just before.
                gone[segments[0]] = true;
                await store.ReclaimAsync(segments[0]);
            }

            foreach (Task reader in readers)
            {
                Assert.True(!reader.IsFaulted, reader.Exception?.ToString());
            }
        }

        await stop.CancelAsync();
        await Task.WhenAll(readers);
        store.Check();
        await store.DisposeAsync();
        Assert.Empty(store.World.Disk.OpenHandles);
    }

    [Fact]
    public async Task A_call_that_races_closing_completes_or_says_so()
    {
        for (int run = 0; run < 30; run++)
        {
            LoggedStore store = await LoggedStore.OpenAsync(canMap: run % 2 == 0);
            var random = new Random(run);
            RecordLocation[] all = store.Commit([.. Enumerable.Range(0, 100).Select(_ => Proving(random, 300))], []);
            await store.Store.CheckpointAsync();
            using var barrier = new Barrier(3);
            Task reader = Task.Run(() =>
            {
                barrier.SignalAndWait();
                Action readOn = () =>
                {
                    while (true)
                    {
                        using RecordLease lease = store.Store.Read(all[random.Next(all.Length)]);
                        Assert.True(Proves(lease.Bytes));
                    }
                };
                Assert.Throws<ObjectDisposedException>(readOn);
            });
            Task writer = Task.Run(async () =>
            {
                barrier.SignalAndWait();
                await Assert.ThrowsAsync<ObjectDisposedException>(async () =>
                {
                    while (true)
                    {
                        store.Put(new byte[100]);
                        await store.Store.CheckpointAsync();
                    }
                });
            });
            barrier.SignalAndWait();
            await store.Store.DisposeAsync();
            await Task.WhenAll(reader, writer);
            Assert.Empty(store.World.Disk.OpenHandles);
        }
    }

    private static void ReadSomething(
        IRecordStore store, Random random, ConcurrentDictionary<int, RecordLocation> known,
        ConcurrentDictionary<uint, bool> gone)
    {
        if (known.IsEmpty)
        {
            return;
        }

        RecordLocation location = known[random.Next(known.Count)];
        try
        {
            switch (random.Next(20))
            {
                case 0:
                    var sink = new ProvingSink(random.Next(200));
                    store.Scan(random.Next(2) == 0 ? ScanDirection.Forward : ScanDirection.Backward, ref sink);
                    break;
                case 1:
                    var many = new ProvingSink(int.MaxValue);
                    store.ReadMany([location, location], ref many);
                    break;
                default:
                    using (RecordLease lease = store.Read(location))
                    {
                        Assert.True(Proves(lease.Bytes));
                    }

                    break;
            }
        }
        catch (StorageException error) when (error.Code == StorageErrorCode.NotFound)
        {
            Assert.True(gone.ContainsKey(SegmentAddress.Of(location).Segment), error.Message);
        }
    }

    private static byte[] Proving(Random random, int length)
    {
        byte[] body = TestSeed.Bytes(random, length);
        BinaryPrimitives.WriteUInt64LittleEndian(body, XxHash3.HashToUInt64(body.AsSpan(8)));
        return body;
    }

    private static bool Proves(ReadOnlySpan<byte> body) =>
        BinaryPrimitives.ReadUInt64LittleEndian(body) == XxHash3.HashToUInt64(body[8..]);

    private struct ProvingSink(int limit) : IRecordSink
    {
        private int _left = limit;

        public bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info)
        {
            Assert.True(Proves(record));
            return _left-- > 0;
        }
    }
}
