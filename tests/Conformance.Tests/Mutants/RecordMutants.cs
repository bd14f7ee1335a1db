using System.Text;
using Mortise.Components;
using Mortise.Files;
using Mortise.Records;
using Mortise.Reference;

namespace Mortise.Conformance.Tests.Mutants;

internal static class RecordMutants
{
    public static ComponentSubject<IRecordStore> Sound { get; } = new()
    {
        Name = "simple-records",
        Open = (context, cancellation) => SimpleRecordStore.OpenAsync(context, new SimpleRecordStoreOptions(), cancellation),
        Examiner = SimpleRecordStore.Examiner,
    };

    public static IEnumerable<Mutant> All() =>
        [.. CommonMutants.Of(LawContract.RecordStore, RecordLaws.Suite, Sound), .. Own()];

    private static IEnumerable<Mutant> Own()
    {
        yield return Of("C1", "a second disposal throws", store => new SecondDisposeThrows(store));
        yield return Of("C2", "plans after disposal", store => new PlansAfterDispose(store));
        yield return Of("C3", "plans without looking at the lengths", store => new PlansAnything(store));
        yield return Of("C4", "takes a cancelled token for none", store => new IgnoresToken(store));
        yield return Of("C5", "a cancelled checkpoint counts as done", store => new CancelIsDone(store), (context, store) => ((CancelIsDone)store).Files = context.Files);
        yield return With("C8", "throws damaged files away and starts anew", Breakages.StartsOver(Sound));
        yield return Of("C12", "starts a thread of its own", store => new StartsThread(store));

        yield return Of("RS1", "a scan does not see the newest commit", store => new LateScans(store));
        yield return Of("RS2", "counts deleted records as live", store => new Miscounts(store));
        yield return Of("RS3", "a backward scan skips a record at a block's edge", store => new SkipsBackward(store));
        yield return Of("RS4", "Plan reserves what it plans", store => new Reserves(store));
        yield return Of("RS5", "hands out a buffer that the next read overwrites", store => new SharedBuffer(store));
        yield return Of("RS6", "applies old batches again", store => new AppliesOld(store));
        yield return Of("RS12", "plans records of 0 bytes", store => new PlansAnything(store));
        yield return Of("RS13", "cuts records at 64 KiB", store => new ChangesBodies(store, body => body.Length > 65536 ? body[..65536] : body));
        yield return Of("RS14", "takes records for text", store => new ChangesBodies(store, AsText));
        yield return Of("RS15", "readers share a buffer", store => new SharedBuffer(store));
        yield return Of("RS17", "a bulk read sorts and skips duplicates", store => new SortsBulk(store));
        yield return Of("RS19", "swallows what a sink throws", store => new SwallowsSink(store));
        yield return Of("RS25", "an unknown location reads as nothing", store => new EmptyForUnknown(store));
        yield return Of("RS11", "forgets deletions of old records", store => new ForgetsDeletions(store));

        yield return With("RS8", "acknowledges before the sync", Breakages.NoFileSync(Sound));
        yield return With("RS8", "never syncs the directory", Breakages.NoDirectorySync(Sound));
        yield return With("RS9", "unlinks the old file before the new one has its name", Breakages.DeletesBeforeRename(Sound));
        yield return With("RS7", "renames before it syncs", Breakages.NoSyncOf(Sound, "records.new"));
        yield return With("RS10", "swallows errors of writes", Breakages.SwallowsWriteErrors(Sound));
        yield return With("RS26", "a failed sync is retried and called done", Breakages.RetriesSync(Sound));
        yield return Of("RS24", "every checkpoint writes", store => new AlwaysWrites(store), (context, store) => ((AlwaysWrites)store).Files = context.Files);
        yield return With("RS20", "no checksum", Breakages.NoChecksum(Sound));
        yield return With("RS23", "takes any store's files", Breakages.AnyStore(Sound));
        foreach (Mutant mutant in Reclaiming())
        {
            yield return mutant;
        }

        foreach ((string law, string broken, ComponentSubject<IRecordStore> subject) in
            StagingMutants.All().Concat(MendingMutants.All()))
        {
            yield return With(law, broken, subject);
        }

        yield return With("C13", "reads an old format as an empty store", GoldenMutants.StartsOverWith(Sound));
        yield return With("RS18", "the examiner throws at damage", new ComponentSubject<IRecordStore> { Name = "throws", Open = Sound.Open, Examiner = new IndexMutants.ThrowingExaminer(SimpleRecordStore.Examiner) });
    }

    private static IEnumerable<Mutant> Reclaiming()
    {
        yield return Of("RC1", "counts a deleted record of a segment as live", store => new MiscountsSegment(store));
        yield return Of("RC5", "the next record goes behind the last that is left", store => new ForgetsPlaces(store));
        yield return Of("RC2", "reclaiming takes a record of the next segment along", store => new ReclaimsTooMuch(store));
        yield return Of("RC2", "reclaiming leaves the records readable", store => new ReclaimsNothing(store));
        yield return Of("RC3", "reclaims what is live", store => new ReclaimsLive(store));
        yield return Of("RC4", "a reclaimed segment is gone in memory only", store => new ReclaimsInMemory(store));
    }

    private static Mutant With(string law, string broken, ComponentSubject<IRecordStore> subject) =>
        Mutant.Of(LawContract.RecordStore, RecordLaws.Suite, law, broken, subject);

    private static Mutant Of(
        string law, string broken, Func<IRecordStore, IRecordStore> wrap, Action<ComponentContext, IRecordStore>? then = null) =>
        With(law, broken, new ComponentSubject<IRecordStore>
        {
            Name = broken,
            Open = async (context, cancellation) =>
            {
                IRecordStore store = wrap(await Sound.Open(context, cancellation));
                then?.Invoke(context, store);
                return store;
            },
            Examiner = Sound.Examiner,
        });

    private static byte[] AsText(byte[] body)
    {
        byte[] text = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(body));
        Array.Resize(ref text, body.Length);
        return text;
    }

    private sealed class SecondDisposeThrows(IRecordStore inner) : RecordDecorator(inner)
    {
        private int _disposed;

        public override ValueTask DisposeAsync() => Interlocked.Increment(ref _disposed) > 1
            ? throw new InvalidOperationException("disposed twice")
            : base.DisposeAsync();
    }

    private sealed class PlansAfterDispose(IRecordStore inner) : RecordDecorator(inner)
    {
        public override void Plan(ReadOnlySpan<int> lengths, Span<RecordLocation> locations)
        {
            try
            {
                Inner.Plan(lengths, locations);
            }
            catch (ObjectDisposedException)
            {
                locations.Fill(new RecordLocation(1));
            }
        }
    }

    private sealed class PlansAnything(IRecordStore inner) : RecordDecorator(inner)
    {
        public override void Plan(ReadOnlySpan<int> lengths, Span<RecordLocation> locations)
        {
            int[] allowed = lengths.ToArray();
            for (int i = 0; i < allowed.Length; i++)
            {
                allowed[i] = Math.Clamp(allowed[i], 1, MaxRecordBytes);
            }

            Inner.Plan(allowed, locations);
        }
    }

    private sealed class IgnoresToken(IRecordStore inner) : RecordDecorator(inner)
    {
        public override ValueTask CheckpointAsync(CancellationToken cancellation = default) =>
            Inner.CheckpointAsync(CancellationToken.None);
    }

    private sealed class CancelIsDone(IRecordStore inner) : RecordDecorator(inner)
    {
        private bool _isDone;

        public IStorageDirectory? Files { get; set; }

        public override ValueTask CheckpointAsync(CancellationToken cancellation = default)
        {
            cancellation.ThrowIfCancellationRequested();
            if (cancellation.CanBeCanceled)
            {
                Files!.Open("half", FileIntent.OpenOrCreate).Dispose();
                _isDone |= cancellation.IsCancellationRequested;
            }

            return _isDone ? default : Inner.CheckpointAsync(cancellation);
        }
    }

    private sealed class StartsThread(IRecordStore inner) : RecordDecorator(inner)
    {
        public override ValueTask CheckpointAsync(CancellationToken cancellation = default)
        {
            if (AppliedLsn.Value == ulong.MaxValue)
            {
                new Thread(() => Inner.CheckpointAsync(cancellation).AsTask().Wait(cancellation)).Start();
            }

            return Inner.CheckpointAsync(cancellation);
        }
    }

    private sealed class LateScans(IRecordStore inner) : RecordDecorator(inner)
    {
        public override void Scan<TSink>(ScanDirection direction, ref TSink sink)
        {
            RecordCollector all = new();
            Inner.Scan(direction, ref all);
            foreach (ReadRecord record in all.Records)
            {
                if (record.Info.Lsn < AppliedLsn && !sink.Accept(new RecordLocation(record.Location), record.Body, record.Info))
                {
                    return;
                }
            }
        }
    }

    private sealed class Miscounts(IRecordStore inner) : RecordDecorator(inner)
    {
        public override RecordStoreStatistics Statistics =>
            Inner.Statistics with { LiveRecords = Inner.Statistics.LiveRecords + Inner.Statistics.DeadRecords };
    }

    private sealed class SkipsBackward(IRecordStore inner) : RecordDecorator(inner)
    {
        public override void Scan<TSink>(ScanDirection direction, ref TSink sink)
        {
            RecordCollector all = new();
            Inner.Scan(direction, ref all);
            for (int i = 0; i < all.Records.Count; i++)
            {
                ReadRecord record = all.Records[i];
                bool skipped = direction == ScanDirection.Backward && i % 64 == 63;
                if (!skipped && !sink.Accept(new RecordLocation(record.Location), record.Body, record.Info))
                {
                    return;
                }
            }
        }
    }

    private sealed class Reserves(IRecordStore inner) : RecordDecorator(inner)
    {
        private ulong _reserved;

        public override void Plan(ReadOnlySpan<int> lengths, Span<RecordLocation> locations)
        {
            Inner.Plan(lengths, locations);
            for (int i = 0; i < lengths.Length; i++)
            {
                locations[i] = new RecordLocation(locations[i].Value + _reserved);
            }

            _reserved++;
        }
    }

    private sealed class SharedBuffer(IRecordStore inner) : RecordDecorator(inner)
    {
        private readonly byte[] _buffer = new byte[(1 << 20) + 1];

        public override RecordLease Read(RecordLocation location)
        {
            using RecordLease lease = Inner.Read(location);
            lease.Bytes.CopyTo(_buffer);
            for (int i = 0; i < 10; i++)
            {
                Thread.Yield();
            }

            return new RecordLease(_buffer.AsSpan(0, lease.Bytes.Length), lease.Info);
        }
    }

    private sealed class AppliesOld(IRecordStore inner) : RecordDecorator(inner)
    {
        public override void Apply(in RecordBatch batch) => Inner.Apply(
            new RecordBatch(batch.Lsn <= AppliedLsn ? AppliedLsn.Next : batch.Lsn, batch.Arena, batch.Mutations));
    }

    private sealed class ChangesBodies(IRecordStore inner, Func<byte[], byte[]> change) : RecordDecorator(inner)
    {
        public override void Apply(in RecordBatch batch) => Inner.ApplyWith(batch, batch.Lsn, _ => true, change);
    }

    private sealed class SortsBulk(IRecordStore inner) : RecordDecorator(inner)
    {
        public override void ReadMany<TSink>(ReadOnlySpan<RecordLocation> locations, ref TSink sink)
        {
            RecordLocation[] sorted = [.. locations.ToArray().Distinct().Order()];
            Inner.ReadMany(sorted, ref sink);
        }
    }

    private sealed class SwallowsSink(IRecordStore inner) : RecordDecorator(inner)
    {
        public override void Scan<TSink>(ScanDirection direction, ref TSink sink)
        {
            try
            {
                Inner.Scan(direction, ref sink);
            }
            catch (InvalidTimeZoneException)
            {
                // Swallowed.
            }
        }
    }

    private sealed class EmptyForUnknown(IRecordStore inner) : RecordDecorator(inner)
    {
        public override RecordLease Read(RecordLocation location)
        {
            try
            {
                return Inner.Read(location);
            }
            catch (StorageException unknown) when (unknown.Code == StorageErrorCode.NotFound)
            {
                return default;
            }
        }
    }

    private sealed class ForgetsDeletions(IRecordStore inner) : RecordDecorator(inner)
    {
        public override void Apply(in RecordBatch batch) =>
            Inner.ApplyWith(batch, batch.Lsn, mutation => mutation.Operation == RecordOperation.Put || AppliedLsn.Value % 2 == 0, body => body);
    }

    private sealed class AlwaysWrites(IRecordStore inner) : RecordDecorator(inner)
    {
        public IStorageDirectory? Files { get; set; }

        public override ValueTask CheckpointAsync(CancellationToken cancellation = default)
        {
            using IStorageFile file = Files!.Open("checkpoints", FileIntent.OpenOrCreate);
            file.Write([1], 0);
            return Inner.CheckpointAsync(cancellation);
        }
    }
}
