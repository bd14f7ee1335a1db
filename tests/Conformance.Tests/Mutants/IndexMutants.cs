using Mortise.Components;
using Mortise.Files;
using Mortise.Indexing;
using Mortise.Reference;

namespace Mortise.Conformance.Tests.Mutants;

internal static class IndexMutants
{
    public static ComponentSubject<IIndexFamily> Sound { get; } = new()
    {
        Name = "simple-index",
        Open = (context, cancellation) => SimpleIndex.OpenAsync(context, new MemoryIndexOptions(), cancellation),
        Examiner = SimpleIndex.Examiner,
    };

    public static IEnumerable<Mutant> All() =>
        [.. CommonMutants.Of(LawContract.IndexFamily, IndexLaws.Suite, Sound), .. Own()];

    private static IEnumerable<Mutant> Own()
    {
        yield return Of("C1", "a second disposal throws", index => new SecondDisposeThrows(index));
        yield return Of("C2", "hands out snapshots after disposal", index => new WorksAfterDispose(index));
        yield return Of("C3", "applies, then looks at its argument", index => new AppliesFirst(index));
        yield return Of("C4", "takes a cancelled token for none", index => new IgnoresToken(index));
        yield return Of("C5", "a cancelled checkpoint empties it", index => new CancelledHalf(index), (context, index) => ((CancelledHalf)index).Files = context.Files);
        yield return With("C8", "starts empty without a warning", Silent());
        yield return Of("C12", "reads the clock of the machine", index => new ReadsClock(index));

        yield return Of("IX1", "a lookup does not see the newest batch", index => new StaleLookups(index));
        yield return Snapshots("IX2", "a snapshot reads the live index", (index, _) => new LiveSnapshot(index));
        yield return Snapshots("IX3", "a backward scan skips a key at a block's edge", (_, s) => new SkipsBackward(s));
        yield return Snapshots("IX3", "keys are compared as signed bytes", (_, s) => new SignedOrder(s));
        yield return Snapshots("IX4", "a cursor gives a key again after a change", (index, s) => new RepeatsKey(index, s));
        yield return Of("IX5", "forgets removals", index => new ForgetsRemovals(index));
        yield return Of("IX6", "counts a second set of the same value", index => new CountsTwice(index));
        yield return Of("IX11", "cuts long values", index => new CutsValues(index));
        yield return Of("IX11", "takes an empty value for a removal", index => new EmptyIsRemoval(index));
        yield return Of("IX11", "claims a limit that it does not keep", index => new ClaimsMore(index));
        yield return Snapshots("IX12", "keys end at their first zero byte", (_, s) => new StopsAtZero(s));
        yield return Snapshots("IX13", "the end of a range is included", (_, s) => new InclusiveEnd(s));
        yield return Snapshots("IX14", "an estimate of 0 for few entries", (_, s) => new Estimates(s, n => n < 4 ? 0 : n));
        yield return Snapshots("IX27", "estimates by guessing", (_, s) => new Estimates(s, n => n * 5));
        yield return Snapshots("IX19", "Seek goes backwards", (_, s) => new SeeksBackward(s));
        yield return Snapshots("IX25", "swallows what a sink throws", (_, s) => new SwallowsSink(s));
        yield return Snapshots("IX26", "cuts a value to the caller's buffer", (_, s) => new CutsToBuffer(s));

        yield return Of("IX15", "applies a batch in two halves", index => new HalfBatches(index));
        yield return Snapshots("IX22", "a snapshot claims the last durable LSN", (index, s) => new ClaimsLsn(s, index.DurableLsn));
        yield return Of("IX7", "DurableLsn is what was applied", index => new ClaimsDurable(index));
        yield return With("IX8", "renames before it syncs", Breakages.NoSyncOf(Sound, "index.new"));
        yield return Of("IX9", "a load sets AppliedLsn", index => new LoadCounts(index));
        yield return Of("IX10", "a load sets AppliedLsn and is checkpointed", index => new LoadCounts(index));
        yield return Of("IX16", "takes an old batch", index => new TakesOldBatches(index));
        yield return Of("IX17", "a reset lives in memory only", index => new ResetInMemory(index));
        yield return Of("IX23", "every checkpoint writes", index => new AlwaysWrites(index), (context, index) => ((AlwaysWrites)index).Files = context.Files);
        yield return Of("IX28", "a checkpoint takes along what is applied beside it", index => new TakesAlongIndex(index), (context, index) => ((TakesAlongIndex)index).Use(context.Background));
        yield return Of("IX30", "a pack is done before anything is durable", index => new PacksNothing(index));
        yield return Of("IX30", "a pack loses an entry", index => new PackLosesEntry(index));
        yield return Of("IX31", "a pack empties the index and loads it again", index => new PackReloads(index));
        yield return Of("IX32", "every pack writes", index => new PackLeavesCopy(index, keepsOld: false), (context, index) => ((PackLeavesCopy)index).Files = context.Files);
        yield return Of("IX33", "a pack leaves what was there before it", index => new PackLeavesCopy(index, keepsOld: true), (context, index) => ((PackLeavesCopy)index).Files = context.Files);
        yield return With("IX24", "swallows errors of writes", Breakages.SwallowsWriteErrors(Sound));
        yield return With("IX29", "a failed sync is retried and called done", Breakages.RetriesSync(Sound));
        yield return With("IX20", "no checksum", Breakages.NoChecksum(Sound));
        yield return With("IX21", "takes any store's files", Breakages.AnyStore(Sound));
        yield return With("C13", "reads an old format as an empty index", GoldenMutants.StartsOverWith(Sound));
        yield return Of("IX40", "says that it is not persistent, and is", index => new DeniesPersistence(index));
        yield return With("IX18", "the examiner throws at damage", new ComponentSubject<IIndexFamily> { Name = "throws", Open = Sound.Open, Examiner = new ThrowingExaminer(SimpleIndex.Examiner) });
    }

    private static Mutant With(string law, string broken, ComponentSubject<IIndexFamily> subject) =>
        Mutant.Of(LawContract.IndexFamily, IndexLaws.Suite, law, broken, subject);

    private static Mutant Of(
        string law, string broken, Func<IIndexFamily, IIndexFamily> wrap, Action<ComponentContext, IIndexFamily>? then = null) =>
        With(law, broken, new ComponentSubject<IIndexFamily>
        {
            Name = broken,
            Open = async (context, cancellation) =>
            {
                IIndexFamily index = wrap(await Sound.Open(context, cancellation));
                then?.Invoke(context, index);
                return index;
            },
            Examiner = Sound.Examiner,
        });

    private static Mutant Snapshots(string law, string broken, Func<IIndexFamily, IIndexSnapshot, IIndexSnapshot> wrap) =>
        Of(law, broken, index => new OtherSnapshots(index, wrap));

    private static ComponentSubject<IIndexFamily> Silent() => Breakages.Around(Sound, context => new ComponentContext
    {
        InstanceName = context.InstanceName,
        StoreId = context.StoreId,
        Files = context.Files,
        Time = context.Time,
        Background = context.Background,
        Seed = context.Seed,
        Log = new CollectingLog(),
        Meter = context.Meter,
    });

    private sealed class OtherSnapshots(IIndexFamily inner, Func<IIndexFamily, IIndexSnapshot, IIndexSnapshot> wrap)
        : IndexDecorator(inner)
    {
        public override IIndexSnapshot OpenSnapshot() => wrap(Inner, Inner.OpenSnapshot());
    }

    private sealed class SecondDisposeThrows(IIndexFamily inner) : IndexDecorator(inner)
    {
        private int _disposed;

        public override ValueTask DisposeAsync() => Interlocked.Increment(ref _disposed) > 1
            ? throw new InvalidOperationException("disposed twice")
            : base.DisposeAsync();
    }

    private sealed class WorksAfterDispose(IIndexFamily inner) : IndexDecorator(inner)
    {
        private IIndexSnapshot? _last;

        public override IIndexSnapshot OpenSnapshot()
        {
            try
            {
                return _last = Inner.OpenSnapshot();
            }
            catch (ObjectDisposedException)
            {
                return _last!;
            }
        }

        public override ValueTask DisposeAsync()
        {
            _last ??= Inner.OpenSnapshot();
            return base.DisposeAsync();
        }
    }

    private sealed class AppliesFirst(IIndexFamily inner) : IndexDecorator(inner)
    {
        public override void Apply(in IndexBatch batch)
        {
            if (batch.Lsn <= Inner.AppliedLsn && batch.Lsn != Lsn.None)
            {
                Inner.Apply(new IndexBatch(Inner.AppliedLsn.Next, batch.Arena, batch.Mutations));
                throw new ArgumentException("an old LSN", nameof(batch));
            }

            Inner.Apply(batch);
        }
    }

    private sealed class IgnoresToken(IIndexFamily inner) : IndexDecorator(inner)
    {
        public override ValueTask CheckpointAsync(CancellationToken cancellation = default) =>
            Inner.CheckpointAsync(CancellationToken.None);
    }

    private sealed class CancelledHalf(IIndexFamily inner) : IndexDecorator(inner)
    {
        public IStorageDirectory? Files { get; set; }

        public override async ValueTask CheckpointAsync(CancellationToken cancellation = default)
        {
            cancellation.ThrowIfCancellationRequested();
            if (cancellation.CanBeCanceled)
            {
                Files!.Open("half", FileIntent.OpenOrCreate).Dispose();
                if (cancellation.IsCancellationRequested)
                {
                    await Inner.ResetAsync(CancellationToken.None);
                    cancellation.ThrowIfCancellationRequested();
                }
            }

            await Inner.CheckpointAsync(cancellation);
        }
    }

    private sealed class ReadsClock(IIndexFamily inner) : IndexDecorator(inner)
    {
        public override IndexStatistics Statistics =>
            Inner.Statistics with { PagesRead = DateTime.UtcNow.Ticks };
    }

    private sealed class StaleLookups(IIndexFamily inner) : IndexDecorator(inner)
    {
        private IIndexSnapshot? _before;

        public override void Apply(in IndexBatch batch)
        {
            _before = Inner.OpenSnapshot();
            Inner.Apply(batch);
        }

        public override IIndexSnapshot OpenSnapshot() => new Stale(Inner.OpenSnapshot(), _before);

        private sealed class Stale(IIndexSnapshot now, IIndexSnapshot? before) : SnapshotDecorator(now)
        {
            public override bool TryGet(ReadOnlySpan<byte> key, Span<byte> value, out int valueLength) =>
                (before ?? Inner).TryGet(key, value, out valueLength);
        }
    }

    private sealed class LiveSnapshot(IIndexFamily index) : SnapshotDecorator(index.OpenSnapshot())
    {
        public override IIndexCursor OpenCursor(KeyRange range, ScanDirection direction) =>
            index.OpenSnapshot().OpenCursor(range, direction);
    }

    private sealed class SkipsBackward(IIndexSnapshot inner) : SnapshotDecorator(inner)
    {
        public override IIndexCursor OpenCursor(KeyRange range, ScanDirection direction) =>
            direction == ScanDirection.Backward ? new Skipping(Inner.OpenCursor(range, direction)) : Inner.OpenCursor(range, direction);

        private sealed class Skipping(IIndexCursor inner) : CursorDecorator(inner)
        {
            private int _moved;

            public override bool MoveNext() => Inner.MoveNext() && (++_moved % 64 != 0 || Inner.MoveNext());
        }
    }

    private sealed class RepeatsKey(IIndexFamily index, IIndexSnapshot inner) : SnapshotDecorator(inner)
    {
        public override IIndexCursor OpenCursor(KeyRange range, ScanDirection direction) =>
            new Repeating(index, Inner.OpenCursor(range, direction));

        private sealed class Repeating(IIndexFamily index, IIndexCursor inner) : CursorDecorator(inner)
        {
            private Lsn _at = index.AppliedLsn;

            public override bool MoveNext()
            {
                bool changed = _at != index.AppliedLsn;
                _at = index.AppliedLsn;
                return changed || Inner.MoveNext();
            }
        }
    }

    private sealed class ForgetsRemovals(IIndexFamily inner) : IndexDecorator(inner)
    {
        public override void Apply(in IndexBatch batch) =>
            Inner.ApplyWhere(batch, batch.Lsn, mutation => mutation.Operation == IndexOperation.Set);
    }

    private sealed class CountsTwice(IIndexFamily inner) : IndexDecorator(inner)
    {
        public override void Apply(in IndexBatch batch)
        {
            using IIndexSnapshot snapshot = Inner.OpenSnapshot();
            byte[] arena = batch.Arena.ToArray();
            byte[] old = new byte[Traits.MaxValueBytes];
            foreach (IndexMutation mutation in batch.Mutations)
            {
                Span<byte> value = arena.AsSpan(mutation.ValueOffset, mutation.ValueLength);
                if (mutation.ValueLength > 0 && snapshot.TryGet(batch.Key(mutation), old, out int length)
                    && value.SequenceEqual(old.AsSpan(0, length)))
                {
                    value[0]++;
                }
            }

            Inner.Apply(new IndexBatch(batch.Lsn, arena, batch.Mutations));
        }
    }

    private sealed class CutsValues(IIndexFamily inner) : IndexDecorator(inner)
    {
        public override void Apply(in IndexBatch batch)
        {
            IndexMutation[] cut = batch.Mutations.ToArray();
            for (int i = 0; i < cut.Length; i++)
            {
                cut[i] = cut[i].ValueLength <= Traits.MaxValueBytes
                    ? cut[i] with { ValueLength = Math.Min(cut[i].ValueLength, 256) }
                    : cut[i];
            }

            Inner.Apply(new IndexBatch(batch.Lsn, batch.Arena, cut));
        }
    }

    private sealed class EmptyIsRemoval(IIndexFamily inner) : IndexDecorator(inner)
    {
        public override void Apply(in IndexBatch batch)
        {
            IndexMutation[] changed = batch.Mutations.ToArray();
            for (int i = 0; i < changed.Length; i++)
            {
                changed[i] = changed[i].ValueLength == 0 ? changed[i] with { Operation = IndexOperation.Remove } : changed[i];
            }

            Inner.Apply(new IndexBatch(batch.Lsn, batch.Arena, changed));
        }
    }

    private sealed class ClaimsMore(IIndexFamily inner) : IndexDecorator(inner)
    {
        public override IndexTraits Traits { get; } = new()
        {
            MaxKeyBytes = inner.Traits.MaxKeyBytes * 2,
            MaxValueBytes = inner.Traits.MaxValueBytes,
            IsPersistent = true,
        };
    }

    private sealed class StopsAtZero(IIndexSnapshot inner) : SnapshotDecorator(inner)
    {
        public override bool TryGet(ReadOnlySpan<byte> key, Span<byte> value, out int valueLength)
        {
            int zero = key.IndexOf((byte)0);
            return Inner.TryGet(zero > 0 ? key[..zero] : key, value, out valueLength);
        }
    }

    private sealed class InclusiveEnd(IIndexSnapshot inner) : SnapshotDecorator(inner)
    {
        public override IIndexCursor OpenCursor(KeyRange range, ScanDirection direction)
        {
            byte[] end = range.End.IsEmpty ? [] : [.. range.End, 0];
            return Inner.OpenCursor(new KeyRange(range.Start, end), direction);
        }
    }

    private sealed class Estimates(IIndexSnapshot inner, Func<long, long> change) : SnapshotDecorator(inner)
    {
        public override long Estimate(KeyRange range) => change(Inner.Estimate(range));
    }

    private sealed class SeeksBackward(IIndexSnapshot inner) : SnapshotDecorator(inner)
    {
        public override IIndexCursor OpenCursor(KeyRange range, ScanDirection direction)
        {
            byte[] start = range.Start.ToArray();
            byte[] end = range.End.ToArray();
            return new Seeking(() => Inner.OpenCursor(new KeyRange(start, end), direction));
        }

        private sealed class Seeking(Func<IIndexCursor> open) : IIndexCursor
        {
            private IIndexCursor _cursor = open();

            public ReadOnlySpan<byte> Key => _cursor.Key;

            public ReadOnlySpan<byte> Value => _cursor.Value;

            public bool MoveNext() => _cursor.MoveNext();

            public bool Seek(ReadOnlySpan<byte> key)
            {
                _cursor.Dispose();
                _cursor = open();
                return _cursor.Seek(key);
            }

            public void Dispose() => _cursor.Dispose();
        }
    }

    private sealed class SwallowsSink(IIndexSnapshot inner) : SnapshotDecorator(inner)
    {
        public override void Scan<TSink>(KeyRange range, ScanDirection direction, ref TSink sink)
        {
            try
            {
                base.Scan(range, direction, ref sink);
            }
            catch (InvalidTimeZoneException)
            {
                // Swallowed.
            }
        }
    }

    private sealed class CutsToBuffer(IIndexSnapshot inner) : SnapshotDecorator(inner)
    {
        public override bool TryGet(ReadOnlySpan<byte> key, Span<byte> value, out int valueLength)
        {
            byte[] whole = new byte[8192];
            bool found = Inner.TryGet(key, whole, out valueLength);
            valueLength = Math.Min(valueLength, value.Length);
            whole.AsSpan(0, valueLength).CopyTo(value);
            return found;
        }
    }

    private sealed class HalfBatches(IIndexFamily inner) : IndexDecorator(inner)
    {
        public override void Apply(in IndexBatch batch)
        {
            int half = batch.Mutations.Length / 2;
            if (batch.Lsn != Lsn.None && batch.Lsn > Inner.AppliedLsn && half > 0)
            {
                Inner.Apply(new IndexBatch(Lsn.None, batch.Arena, batch.Mutations[..half]));
                Thread.Yield();
                Inner.Apply(new IndexBatch(batch.Lsn, batch.Arena, batch.Mutations[half..]));
                return;
            }

            Inner.Apply(batch);
        }
    }

    private sealed class ClaimsLsn(IIndexSnapshot inner, Lsn lsn) : SnapshotDecorator(inner)
    {
        public override Lsn Lsn => lsn;
    }

    private sealed class ClaimsDurable(IIndexFamily inner) : IndexDecorator(inner)
    {
        private bool _checkpointed;

        public override Lsn DurableLsn => _checkpointed ? Inner.AppliedLsn : Inner.DurableLsn;

        public override ValueTask CheckpointAsync(CancellationToken cancellation = default)
        {
            _checkpointed = true;
            return Inner.AppliedLsn.Value % 3 == 0 ? default : Inner.CheckpointAsync(cancellation);
        }
    }

    private sealed class LoadCounts(IIndexFamily inner) : IndexDecorator(inner)
    {
        public override void Apply(in IndexBatch batch) => Inner.Apply(
            new IndexBatch(batch.Lsn == Lsn.None ? Inner.AppliedLsn.Next : batch.Lsn, batch.Arena, batch.Mutations));
    }

    private sealed class TakesOldBatches(IIndexFamily inner) : IndexDecorator(inner)
    {
        public override void Apply(in IndexBatch batch)
        {
            Lsn lsn = batch.Lsn != Lsn.None && batch.Lsn <= Inner.AppliedLsn ? Lsn.None : batch.Lsn;
            Inner.Apply(new IndexBatch(lsn, batch.Arena, batch.Mutations));
        }
    }

    private sealed class ResetInMemory(IIndexFamily inner) : IndexDecorator(inner)
    {
        private IIndexFamily? _empty;

        private IIndexFamily Now => _empty ?? Inner;

        public override Lsn AppliedLsn => Now.AppliedLsn;

        public override Lsn DurableLsn => Now.DurableLsn;

        public override void Apply(in IndexBatch batch) => Now.Apply(batch);

        public override IIndexSnapshot OpenSnapshot() => Now.OpenSnapshot();

        public override ValueTask CheckpointAsync(CancellationToken cancellation = default) => Now.CheckpointAsync(cancellation);

        public override ValueTask ResetAsync(CancellationToken cancellation = default)
        {
            _empty = new MemoryIndex();
            return default;
        }
    }

    private sealed class AlwaysWrites(IIndexFamily inner) : IndexDecorator(inner)
    {
        public IStorageDirectory? Files { get; set; }

        public override ValueTask CheckpointAsync(CancellationToken cancellation = default)
        {
            using IStorageFile file = Files!.Open("checkpoints", FileIntent.OpenOrCreate);
            file.Write([1], 0);
            return Inner.CheckpointAsync(cancellation);
        }
    }

    private abstract class PackDecorator(IIndexFamily inner) : IndexDecorator(inner), IPackableIndex
    {
        protected IPackableIndex Packable { get; } = (IPackableIndex)inner;

        public bool IsPacked => Packable.IsPacked;

        public abstract ValueTask PackAsync(CancellationToken cancellation = default);
    }

    private sealed class PacksNothing(IIndexFamily inner) : PackDecorator(inner)
    {
        public override ValueTask PackAsync(CancellationToken cancellation = default) => default;
    }

    private sealed class PackLosesEntry(IIndexFamily inner) : PackDecorator(inner)
    {
        public override async ValueTask PackAsync(CancellationToken cancellation = default)
        {
            IndexChanges lost = new();
            using (IIndexSnapshot snapshot = Inner.OpenSnapshot())
            {
                using IIndexCursor cursor = snapshot.OpenCursor(KeyRange.All, ScanDirection.Backward);
                if (cursor.MoveNext())
                {
                    lost.Changes[cursor.Key.ToArray()] = null;
                }
            }

            lost.ApplyTo(Inner, Lsn.None);
            await Packable.PackAsync(cancellation);
        }
    }

    private sealed class PackReloads(IIndexFamily inner) : PackDecorator(inner)
    {
        public override async ValueTask PackAsync(CancellationToken cancellation = default)
        {
            IndexChanges all = new();
            Lsn lsn = Inner.AppliedLsn;
            using (IIndexSnapshot snapshot = Inner.OpenSnapshot())
            {
                foreach (ReadEntry entry in IndexReading.Scan(snapshot, [], [], ScanDirection.Forward))
                {
                    all.Changes[entry.Key] = entry.Value;
                }
            }

            await Inner.ResetAsync(cancellation);
            if (lsn != Lsn.None)
            {
                all.ApplyTo(Inner, lsn);
            }

            await Packable.PackAsync(cancellation);
        }
    }

    private sealed class PackLeavesCopy(IIndexFamily inner, bool keepsOld) : PackDecorator(inner)
    {
        private int _packs;

        public IStorageDirectory? Files { get; set; }

        public override ValueTask PackAsync(CancellationToken cancellation = default)
        {
            using IStorageFile file = Files!.Open("packs", FileIntent.OpenOrCreate);
            file.Write(new byte[keepsOld ? 200_000 : 1], keepsOld ? file.Length : _packs++);
            return Packable.PackAsync(cancellation);
        }
    }

    private sealed class DeniesPersistence(IIndexFamily inner) : IndexDecorator(inner)
    {
        public override IndexTraits Traits => new()
        {
            MaxKeyBytes = Inner.Traits.MaxKeyBytes,
            MaxValueBytes = Inner.Traits.MaxValueBytes,
            IsPersistent = false,
        };
    }

    internal sealed class ThrowingExaminer(IExaminer inner) : IExaminer
    {
        public ExaminationSummary Examine(
            IStorageDirectory files, Guid storeId, Action<Finding> report, CancellationToken cancellation) =>
            inner.Examine(
                files, storeId, finding => throw StorageException.Corrupt(finding.File, finding.Offset, finding.Message),
                cancellation);
    }
}
