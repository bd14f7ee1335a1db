using System.Collections.Immutable;
using Mortise.Conformance;
using Mortise.Indexing;
using Xunit.Abstractions;

namespace Mortise.BTreeIndex.Tests;

public class ModelTests(ITestOutputHelper output)
{
    /// <summary>Goal: the index is a sorted map under everything that can happen to it. Method: random operations beside
    /// a sorted dictionary; a crash goes back to the last completed checkpoint. The long run is MORTISE_SOAK=1000, with
    /// five times as many operations in each of its thousand lists.</summary>
    [Fact]
    public void Any_sequence_of_operations_equals_a_sorted_dictionary()
    {
        (int lists, int length) = TestRun.Soak >= 1000 ? (TestRun.Soak, 5_000) : (30 * TestRun.Soak, 1_000);
        int[] seeds = TestRun.OnlySeed is { } only ? [only] : [.. TestRun.Slice(Enumerable.Range(1, lists))];
        int done = 0;
        Parallel.ForEach(seeds, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, seed =>
        {
            Shrinking.AssertHolds(seed, ModelOp.Some(seed, length), ops => Play(seed, ops));
            Interlocked.Increment(ref done);
        });
        output.WriteLine($"{done} lists of {length} operations, seeds {seeds[0]} to {seeds[^1]}");
    }

    /// <summary>Goal: a failure is told with few operations. Method: a list that fails when it has two certain ones.</summary>
    [Fact]
    public void A_failing_list_is_cut_down_to_what_makes_it_fail()
    {
        List<ModelOp> ops = ModelOp.Some(3, 400);
        ModelOp[] needed = [ops[17], ops[311]];
        List<ModelOp> least = Shrinking.Least(ops, rest => needed.All(rest.Contains) ? new InvalidOperationException("fails") : null);
        Assert.Equal(needed, least);
    }

    private static Exception? Play(int seed, List<ModelOp> ops)
    {
        using Model model = new(seed);
        return Record.Exception(() => model.Run(ops));
    }

    private sealed class Model : IDisposable
    {
        private readonly ReseededRandom _random;
        private readonly BTreeIndexOptions _options;
        private readonly List<(IIndexSnapshot Snapshot, ImmutableSortedDictionary<byte[], byte[]> Map)> _held = [];
        private readonly RandomKeys _keys;
        private SimWorld _world;
        private BTreeIndexFamily _index;
        private ImmutableSortedDictionary<byte[], byte[]> _map = Oracle.Empty;
        private ImmutableSortedDictionary<byte[], byte[]> _durableMap = Oracle.Empty;
        private ulong _lsn;
        private ulong _durableLsn;

        public Model(int seed)
        {
            _random = new ReseededRandom(seed);
            _world = new SimWorld((ulong)seed, new SimDiskOptions { KeepLog = false });
            int pageKiB = 4 << _random.Next(4);
            _options = new BTreeIndexOptions
            {
                PageSize = ByteSize.KiB(pageKiB),
                MemoryBudget = ByteSize.KiB(_random.Next(2) == 0 ? 64 : 256),
                CacheSize = ByteSize.KiB(_random.Next(3) * 40),
                MergeFanIn = 2 + _random.Next(4),
                MaxRuns = 1 + _random.Next(6),
            };
            _keys = new RandomKeys(_random, PageFormat.MaxKeyBytes(pageKiB << 10), pageKiB << 8);
            _index = Open();
        }

        public void Run(List<ModelOp> ops)
        {
            foreach (ModelOp op in ops)
            {
                // Each draws from a seed of its own, so that it does the same when others are left out.
                _random.Reseed(op.Seed);
                Step(op);
            }

            CheckAll();
            Checkpoint();
            CheckAll();
            ReleaseAll();
            _world.Background.RunAll();
            FileChecks.AssertAllPagesAccountedFor(_index);
            Assert.Empty(FileChecks.Examine(_world));
            _world.Background.Complete(_index.DisposeAsync());
            Assert.Empty(_world.Background.Faults);
            Assert.Empty(_world.Disk.OpenHandles);
        }

        public void Dispose() => _world.Dispose();

        private void Step(ModelOp op)
        {
            switch (op.Roll)
            {
                case < 55:
                    Apply(_random.Next(10) == 0 ? _random.Next(500) : _random.Next(20));
                    break;
                case < 65:
                    ReadSome();
                    break;
                case < 70:
                    Hold();
                    break;
                case < 74:
                    Release();
                    break;
                case < 90:
                    _world.Background.RunOne();
                    break;
                case < 94:
                    Checkpoint();
                    break;
                case < 95:
                    CheckpointWhileApplying();
                    break;
                case < 97:
                    Crash();
                    break;
                case < 98:
                    CheckAll();
                    break;
                case < 99:
                    RemoveRange();
                    break;
                default:
                    if (_random.Next(5) == 0)
                    {
                        Reset();
                    }

                    break;
            }
        }

        private BTreeIndexFamily Open() => BTreeIndexOpener.Open(_world.Context("index"), _options, default);

        private void Apply(int count)
        {
            BatchMaker batch = new();
            for (int i = 0; i < count; i++)
            {
                if (_random.Next(4) == 0)
                {
                    batch.Remove(_keys.Key());
                }
                else
                {
                    batch.Set(_keys.Key(), _keys.Value());
                }
            }

            batch.ApplyTo(_index, ++_lsn);
            _map = _map.With(batch);
            Assert.Equal(_lsn, _index.AppliedLsn.Value);
        }

        private void RemoveRange()
        {
            BatchMaker batch = new();
            ReadOnlySpan<KeyValuePair<byte[], byte[]>> from = Oracle.Range(_map, _keys.Key(), []).Span;
            foreach ((byte[] key, _) in from[..Math.Min(from.Length, _random.Next(300))])
            {
                batch.Remove(key);
            }

            batch.ApplyTo(_index, ++_lsn);
            _map = _map.With(batch);
        }

        private void Checkpoint()
        {
            if (_random.Next(3) > 0)
            {
                _world.Background.Complete(_index.CheckpointAsync());
            }
            else
            {
                _world.Background.Complete(_index.PackAsync());
                Assert.True(_held.Count > 0 || _index.IsPacked);
            }

            NoteCheckpoint(_lsn, _map);
        }

        private void CheckpointWhileApplying()
        {
            Task pending = _random.Next(2) == 0 ? _index.CheckpointAsync().AsTask() : _index.PackAsync().AsTask();
            (ulong lsn, ImmutableSortedDictionary<byte[], byte[]> map) = (_lsn, _map);
            Apply(10);
            while (!pending.IsCompleted)
            {
                Apply(_random.Next(100));
                _world.Background.RunOne();
            }

            pending.GetAwaiter().GetResult();
            NoteCheckpoint(lsn, map);
        }

        private void NoteCheckpoint(ulong lsn, ImmutableSortedDictionary<byte[], byte[]> map)
        {
            _durableLsn = lsn;
            _durableMap = map;
            Assert.Equal(lsn, _index.DurableLsn.Value);
        }

        private void Reset()
        {
            _world.Background.Complete(_index.ResetAsync());
            _map = Oracle.Empty;
            _lsn = 0;
            NoteCheckpoint(0, _map);
            Assert.Equal(Lsn.None, _index.AppliedLsn);
        }

        private void Crash()
        {
            // What snapshots show dies with the process.
            _held.Clear();
            CrashModel[] models = Enum.GetValues<CrashModel>();
            int model = _random.Next(models.Length + 1);
            using SimWorld before = _world;
            _world = model == models.Length
                ? _world.AfterProcessDeath()
                : _world.AfterPowerCut((ulong)_random.Next(), models[model]);
            _index = Open();
            Assert.Equal(_durableLsn, _index.DurableLsn.Value);
            Assert.Equal(_durableLsn, _index.AppliedLsn.Value);
            _lsn = _durableLsn;
            _map = _durableMap;
            using IIndexSnapshot snapshot = _index.OpenSnapshot();
            Oracle.AssertEqual(_map, snapshot);
        }

        private void Hold()
        {
            if (_held.Count < 6)
            {
                IIndexSnapshot snapshot = _index.OpenSnapshot();
                Assert.Equal(_lsn, snapshot.Lsn.Value);
                _held.Add((snapshot, _map));
            }
        }

        private void Release()
        {
            if (_held.Count > 0)
            {
                int which = _random.Next(_held.Count);
                _held[which].Snapshot.Dispose();
                _held.RemoveAt(which);
            }
        }

        private void ReleaseAll()
        {
            foreach ((IIndexSnapshot snapshot, _) in _held)
            {
                snapshot.Dispose();
            }

            _held.Clear();
        }

        private void CheckAll()
        {
            using IIndexSnapshot now = _index.OpenSnapshot();
            Oracle.AssertEqual(_map, now);
            foreach ((IIndexSnapshot snapshot, ImmutableSortedDictionary<byte[], byte[]> map) in _held)
            {
                Oracle.AssertEqual(map, snapshot);
            }
        }

        private void ReadSome()
        {
            using IIndexSnapshot own = _index.OpenSnapshot();
            (IIndexSnapshot snapshot, ImmutableSortedDictionary<byte[], byte[]> map) =
                _held.Count > 0 && _random.Next(2) == 0 ? _held[_random.Next(_held.Count)] : (own, _map);
            byte[] buffer = new byte[9000];
            for (int i = 0; i < 10; i++)
            {
                byte[] key = _keys.Key();
                bool isThere = map.TryGetValue(key, out byte[]? value);
                Assert.Equal(isThere, snapshot.TryGet(key, buffer, out int length));
                Assert.Equal(value ?? [], buffer[..length]);
            }

            byte[] start = _random.Next(4) == 0 ? [] : _keys.Key();
            byte[] end = _random.Next(4) == 0 ? [] : _keys.Key();
            if (_random.Next(3) == 0)
            {
                Oracle.AssertRange(map, snapshot, start, end);
                SeekAround(snapshot, map, start, end);
            }
        }

        private void SeekAround(
            IIndexSnapshot snapshot, ImmutableSortedDictionary<byte[], byte[]> map, byte[] start, byte[] end)
        {
            bool isBackward = _random.Next(2) == 0;
            List<byte[]> keys = [.. Oracle.Range(map, start, end).ToArray().Select(e => e.Key)];
            if (isBackward)
            {
                keys.Reverse();
            }

            using IIndexCursor cursor = snapshot.OpenCursor(
                new KeyRange(start, end), isBackward ? ScanDirection.Backward : ScanDirection.Forward);
            int at = -1;
            for (int i = 0; i < 20; i++)
            {
                if (_random.Next(2) == 0)
                {
                    at++;
                    Assert.Equal(at < keys.Count, cursor.MoveNext());
                }
                else
                {
                    byte[] to = _keys.Key();
                    at = Math.Max(at, 0);
                    while (at < keys.Count
                        && (isBackward ? KeyOrder.Instance.Compare(keys[at], to) > 0 : KeyOrder.Instance.Compare(keys[at], to) < 0))
                    {
                        at++;
                    }

                    Assert.Equal(at < keys.Count, cursor.Seek(to));
                }

                if (at >= keys.Count)
                {
                    Assert.False(cursor.MoveNext());
                    Assert.False(cursor.Seek(start));
                    return;
                }

                Assert.Equal(keys[at], cursor.Key.ToArray());
                Assert.Equal(map[keys[at]], cursor.Value.ToArray());
            }
        }
    }
}
