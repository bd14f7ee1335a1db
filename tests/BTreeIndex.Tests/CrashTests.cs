using System.Collections.Immutable;
using Mortise.Conformance;
using Mortise.Indexing;

namespace Mortise.BTreeIndex.Tests;

public class CrashTests
{
    private static readonly BTreeIndexOptions s_options = new()
    {
        PageSize = ByteSize.KiB(4),
        MemoryBudget = ByteSize.KiB(64),
        MergeFanIn = 3,
        MaxRuns = 4,
    };

    /// <summary>Goal: after a power cut at any moment, the index is exactly at its last completed checkpoint, or at one
    /// that was under way. Method: one script of 300 operations, cut at every write, sync and name change, with every
    /// model of what unsynced changes a crash leaves (MORTISE_SOAK=2), or a third of them.</summary>
    [Fact]
    public void A_power_cut_at_any_mutation_leaves_the_last_completed_checkpoint()
    {
        long mutations = Play(long.MaxValue, out _);
        Assert.True(mutations > 200, $"the script makes {mutations} mutations");
        CrashModel[] models = Enum.GetValues<CrashModel>();
        for (long cut = 1; cut <= mutations; cut++)
        {
            Play(cut, out Script script);
            int tried = 0;
            foreach (CrashModel model in models)
            {
                // Each model at every third boundary; all at each when soaking.
                if (TestRun.Soak == 1 && (cut + tried++) % 3 != 0)
                {
                    continue;
                }

                for (ulong seed = 0; seed < (ulong)TestRun.Soak; seed++)
                {
                    script.AssertRecovers(cut, model, (ulong)cut + (1000 * seed));
                }
            }

            script.Dispose();
        }
    }

    private static long Play(long cut, out Script script)
    {
        script = new Script(cut);
        script.Play();
        return script.World.Disk.Operations;
    }

    private sealed class Script : IDisposable
    {
        private readonly Random _random = new(7);
        private ImmutableSortedDictionary<byte[], byte[]> _map = Oracle.Empty;
        private ulong _lsn;

        public Script(long cut)
        {
            World = new SimWorld(11, new SimDiskOptions { KeepLog = false });
            World.Directory("index");
            if (cut != long.MaxValue)
            {
                World.Disk.CutPowerAt(cut + World.Disk.Operations);
            }
        }

        public SimWorld World { get; }

        /// <summary>The states that the index may be at: the last whose checkpoint has completed, and after it any whose
        /// checkpoint was asked for.</summary>
        private List<(ulong Lsn, ImmutableSortedDictionary<byte[], byte[]> Map)> Allowed { get; } = [(0, Oracle.Empty)];

        public void Play()
        {
            try
            {
                BTreeIndexFamily index = BTreeIndexOpener.Open(World.Context("index"), s_options, default);
                for (int i = 0; i < 300; i++)
                {
                    Step(index, i);
                }
            }
            catch (Exception) when (World.Disk.IsOff)
            {
                // The end of the script, in whatever form it reached the caller.
            }
        }

        public void AssertRecovers(long cut, CrashModel model, ulong seed)
        {
            using SimWorld after = World.AfterPowerCut(seed, model);
            BTreeIndexFamily index = BTreeIndexOpener.Open(after.Context("index"), s_options, default);
            foreach ((ulong lsn, ImmutableSortedDictionary<byte[], byte[]> map) in Allowed)
            {
                if (index.DurableLsn.Value == lsn)
                {
                    using IIndexSnapshot snapshot = index.OpenSnapshot();
                    Oracle.ComparingSink sink = new(
                        Oracle.Range(map, [], []), ScanDirection.Forward, $"cut {cut}, {model}, seed {seed}, LSN {lsn}");
                    snapshot.Scan(KeyRange.All, ScanDirection.Forward, ref sink);
                    sink.AssertComplete();

                    // It goes on: what was free is free, what was used is whole.
                    new BatchMaker().Set([1], [2]).ApplyTo(index, index.AppliedLsn.Value + 1);
                    after.Background.Complete(index.CheckpointAsync());
                    Assert.Empty(FileChecks.Examine(after));
                    FileChecks.AssertAllPagesAccountedFor(index);
                    return;
                }
            }

            Assert.Fail($"cut {cut}, {model}, seed {seed}: LSN {index.DurableLsn}, allowed {string.Join(", ", Allowed.Select(a => a.Lsn))}");
        }

        public void Dispose() => World.Dispose();

        private void Step(BTreeIndexFamily index, int i)
        {
            switch (_random.Next(12))
            {
                case 0 or 1:
                    Allowed.Add((_lsn, _map));
                    ValueTask done() => i % 5 == 0 ? index.PackAsync() : index.CheckpointAsync();
                    World.Background.Complete(done());
                    Allowed.RemoveRange(0, Allowed.Count - 1);
                    break;
                case 2 or 3:
                    World.Background.RunOne();
                    break;
                case 4 when i % 10 == 0 && _random.Next(6) == 0:
                    Allowed.Add((0, Oracle.Empty));
                    World.Background.Complete(index.ResetAsync());
                    Allowed.RemoveRange(0, Allowed.Count - 1);
                    _lsn = 0;
                    _map = Oracle.Empty;
                    break;
                default:
                    BatchMaker batch = new();
                    for (int n = _random.Next(i % 20 == 0 ? 900 : 40); n >= 0; n--)
                    {
                        byte[] key = new byte[20];
                        key[3] = (byte)_random.Next(4);
                        key[19] = (byte)_random.Next(256);
                        if (_random.Next(4) == 0)
                        {
                            batch.Remove(key);
                        }
                        else
                        {
                            key[18] = (byte)_random.Next(4);
                            batch.Set(key, [(byte)i, 1, 2, 3, 4, 5, 6, 7]);
                        }
                    }

                    batch.ApplyTo(index, ++_lsn);
                    _map = _map.With(batch);
                    break;
            }
        }
    }
}
