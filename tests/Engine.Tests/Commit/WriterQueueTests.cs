namespace Mortise.Engine.Tests.Commit;

/// <summary>A write is served without anybody coming after it.</summary>
public sealed class WriterQueueTests
{
    private static readonly TimeSpan s_forever = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task What_is_queued_while_the_writer_leaves_is_not_left_behind()
    {
        const int callers = 2;
        int rounds = 50_000 * Seed.Rounds(1);
        var queue = new WriterQueue(static queue =>
        {
            while (queue.TryTake(static _ => true, out StoreWrite? write))
            {
                write!.Complete();
            }

            return ValueTask.CompletedTask;
        });

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
}
