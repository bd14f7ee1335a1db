using Mortise.Components;
using Mortise.Conformance;
using Mortise.Indexing;

namespace Mortise.BTreeIndex.Tests;

public sealed class OpeningTests
{
    [Fact]
    public void Merges_that_a_file_has_waiting_may_begin_while_it_is_opened()
    {
        using SimWorld world = new(1, new SimDiskOptions { KeepLog = false });
        const int Batches = 6;
        BTreeIndexFamily index = BTreeIndexOpener.Open(world.Context("index"), new BTreeIndexOptions { MergeFanIn = 8 }, default);
        for (int batch = 1; batch <= Batches; batch++)
        {
            BatchMaker changes = new();
            for (long number = batch; number < 3000; number += Batches)
            {
                changes.Set(IndexBench.Key(number), IndexBench.Value(number));
            }

            changes.ApplyTo(index, (ulong)batch);
            world.Background.Complete(index.CheckpointAsync());
        }

        world.Background.Complete(index.DisposeAsync());
        AtOnce background = new();
        ComponentContext context = world.Context("index");
        ComponentContext hurried = new()
        {
            InstanceName = context.InstanceName,
            StoreId = context.StoreId,
            Files = context.Files,
            Time = context.Time,
            Background = background,
            Seed = context.Seed,
            Log = context.Log,
            Meter = context.Meter,
        };
        BTreeIndexFamily opened = BTreeIndexOpener.Open(hurried, new BTreeIndexOptions { MergeFanIn = 2 }, default);

        Assert.True(background.Steps > 0, "the file has merges waiting");
        Assert.Equal(ComponentHealth.Healthy, opened.Health);
        Assert.Null(background.Fault);
        using (IIndexSnapshot snapshot = opened.OpenSnapshot())
        {
            for (long number = 1; number < 3000; number++)
            {
                byte[] value = new byte[8];
                Assert.True(snapshot.TryGet(IndexBench.Key(number), value, out int length), $"key {number}");
                Assert.Equal(IndexBench.Value(number), value[..length]);
            }
        }

        world.Background.Complete(opened.DisposeAsync());
    }

    /// <summary>Runs a step to its end before the signal for it returns.</summary>
    private sealed class AtOnce : IBackground, IBackgroundWork
    {
        private Func<CancellationToken, StepResult>? _step;
        private bool _isRunning;

        public int Steps { get; private set; }

        public Exception? Fault { get; private set; }

        public IBackgroundWork Register(string name, Func<CancellationToken, StepResult> step)
        {
            Assert.Null(_step);
            _step = step;
            return this;
        }

        public void Signal()
        {
            if (_isRunning || Fault is not null)
            {
                return;
            }

            _isRunning = true;
            try
            {
                do
                {
                    Steps++;
                }
                while (_step!(CancellationToken.None) == StepResult.More);
            }
#pragma warning disable CA1031 // Whatever it is, the test shows it.
            catch (Exception fault)
#pragma warning restore CA1031
            {
                Fault = fault;
            }

            _isRunning = false;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
