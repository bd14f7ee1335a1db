using Mortise.Conformance;

namespace Mortise.Engine.Tests.Commit;

/// <summary>A write is served without anybody coming after it.</summary>
public sealed class WriterQueueTests
{
    private static readonly TimeSpan s_forever = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_queued_while_the_writer_leaves_is_not_left_behind(bool gathers)
    {
        const int callers = 2;
        int rounds = (gathers ? 20_000 : 50_000) * Seed.Rounds(1);
        var queue = new WriterQueue(queue =>
        {
            // A group that takes no time is not waited for.
            Thread.SpinWait(gathers ? 1000 : 0);
            while (queue.TryTake(static _ => true, out StoreWrite? write))
            {
                write!.Complete();
            }

            return ValueTask.CompletedTask;
        }, TimeProvider.System, gathers ? new GroupGathering(TimeProvider.System, GroupGathering.LetOthersRun) : null);

        // Both queue one write at the same time and wait: whoever is forgotten by the one who leaves is never served.
        using var barrier = new Barrier(callers);
        int[] done = new int[callers];
        Thread[] threads = [.. Enumerable.Range(0, callers).Select(caller => new Thread(() =>
        {
            for (int i = 0; i < rounds; i++)
            {
                barrier.SignalAndWait();
                var write = new EngineCommand(static () => ValueTask.CompletedTask);
                _ = queue.EnqueueAsync(write).AsTask();
                if (!write.Completion.Wait(s_forever))
                {
                    barrier.RemoveParticipant();
                    return;
                }

                done[caller]++;
            }
        }))];
        Array.ForEach(threads, static t => t.Start());
        await Task.Run(() => Array.ForEach(threads, static t => t.Join()));
        Assert.All(done, d => Assert.Equal(rounds, d));
    }

    [Fact]
    public async Task Those_who_wait_go_before_a_patient_write_that_was_there_before_them()
    {
        var order = new ServingOrder(new SimClock());
        Task serving = order.EnqueueAsync("first");
        Task patient = order.EnqueueAsync("patient", isPatient: true);
        Task second = order.EnqueueAsync("second");
        Task third = order.EnqueueAsync("third");
        await order.FinishAsync(serving, patient, second, third);
        Assert.Equal(["first", "second", "third", "patient"], order.Served);
    }

    [Fact]
    public async Task Others_who_never_pause_hold_a_patient_write_up_for_some_groups_only()
    {
        var order = new ServingOrder(new SimClock());
        List<Task> all = [order.EnqueueAsync("first"), order.EnqueueAsync("patient", isPatient: true)];
        for (int i = 0; i < 100; i++)
        {
            all.Add(order.EnqueueAsync("other"));
        }

        await order.FinishAsync([.. all]);
        Assert.Equal(17, order.Served.IndexOf("patient"));
        Assert.Equal(102, order.Served.Count);
    }

    [Fact]
    public async Task Or_for_some_time()
    {
        var clock = new SimClock();
        var order = new ServingOrder(clock) { OnServed = () => clock.Advance(TimeSpan.FromMilliseconds(15)) };
        List<Task> all = [order.EnqueueAsync("first"), order.EnqueueAsync("patient", isPatient: true)];
        for (int i = 0; i < 10; i++)
        {
            all.Add(order.EnqueueAsync("other"));
        }

        await order.FinishAsync([.. all]);
        Assert.Equal(3, order.Served.IndexOf("patient"));
    }

    /// <summary>Serves one write at a time, the first of them when all are queued.</summary>
    private sealed class ServingOrder
    {
        private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly WriterQueue _queue;

        public ServingOrder(TimeProvider time) => _queue = new WriterQueue(ServeAsync, time);

        public List<string> Served { get; } = [];

        public Action OnServed { get; init; } = static () => { };

        public async Task EnqueueAsync(string name, bool isPatient = false)
        {
            var write = new NamedWrite(name, isPatient);
            await _queue.EnqueueAsync(write);
            await write.Completion;
        }

        public async Task FinishAsync(params Task[] all)
        {
            _go.SetResult();
            await Task.WhenAll(all).WaitAsync(s_forever);
        }

        private async ValueTask ServeAsync(WriterQueue queue)
        {
            Assert.True(queue.TryTake(static _ => true, out StoreWrite? write));
            await _go.Task;
            Served.Add(((NamedWrite)write!).Name);
            OnServed();
            write.Complete();
        }
    }

    private sealed class NamedWrite(string name, bool isPatient) : EngineWrite
    {
        public string Name => name;

        public override int EstimatedBytes => 0;

        public override bool IsPatient => isPatient;

        public override void Plan(CommitBuilder commit)
        {
            // Only its turn is looked at.
        }
    }
}
