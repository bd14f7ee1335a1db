using Mortise.Conformance;

namespace Mortise.Engine.Tests.Commit;

/// <summary>A group of writes waits for those who were in the last one.</summary>
public sealed class GatheringTests
{
    private static readonly TimeSpan s_turnTakes = TimeSpan.FromMicroseconds(100);

    [Fact]
    public async Task Those_of_the_last_group_are_waited_for()
    {
        var groups = new Groups();
        await groups.OneAndThenTwoAsync();
        groups.OnTurn = () => groups.Enqueue();
        await groups.EnqueueAndFinishAsync();
        Assert.Equal([1, 2, 2], groups.Sizes);
        Assert.Equal(1, groups.Turns);
    }

    [Fact]
    public async Task So_are_those_who_came_while_it_was_served()
    {
        var groups = new Groups();
        groups.OnServed = () =>
        {
            // One who always comes while the other is served: the two would take turns for ever.
            if (groups.Sizes.Count == 1)
            {
                groups.Enqueue();
            }
        };
        groups.OnTurn = () => groups.Enqueue();
        await groups.EnqueueAndFinishAsync();
        Assert.Equal([1, 2], groups.Sizes);
        Assert.Equal(1, groups.Turns);
    }

    [Fact]
    public async Task Nobody_is_waited_for_where_one_turn_took_much_longer_than_that()
    {
        var groups = new Groups();
        await groups.OneAndThenTwoAsync();
        groups.OnTurn = () =>
        {
            groups.Clock.Advance(TimeSpan.FromSeconds(1));
            groups.Enqueue();
        };
        await groups.EnqueueAndFinishAsync();
        Assert.Equal([1, 2, 2], groups.Sizes);
        Assert.Equal(1, groups.Turns);

        // One at a time, while another waits: each would wait for the one before. The 65th does again.
        const int Before = 3;
        const int Alone = 64;
        groups.OnServed = () =>
        {
            if (groups.Sizes.Count <= Before + Alone)
            {
                groups.Enqueue();
            }
        };
        groups.OnTurn = () => groups.Enqueue();
        await groups.EnqueueAndFinishAsync();
        Assert.Equal([.. Enumerable.Repeat(1, Alone), 2], groups.Sizes[Before..]);
        Assert.Equal(2, groups.Turns);
    }

    [Fact]
    public async Task For_a_quarter_of_the_time_that_it_took_and_not_again_by_who_was_alone()
    {
        var groups = new Groups { EachTakes = 6 * s_turnTakes };
        await groups.OneAndThenTwoAsync();
        groups.OnTurn = () => groups.Clock.Advance(s_turnTakes);
        await groups.EnqueueAndFinishAsync();
        Assert.Equal([1, 2, 1], groups.Sizes);
        Assert.Equal(2, groups.Turns);

        await groups.EnqueueAndFinishAsync();
        Assert.Equal([1, 2, 1, 1], groups.Sizes);
        Assert.Equal(2, groups.Turns);
    }

    [Fact]
    public async Task And_for_a_quarter_of_a_millisecond_however_long_that_was()
    {
        var groups = new Groups { EachTakes = TimeSpan.FromSeconds(1) };
        await groups.OneAndThenTwoAsync();
        groups.OnTurn = () => groups.Clock.Advance(s_turnTakes);
        await groups.EnqueueAndFinishAsync();
        Assert.Equal([1, 2, 1], groups.Sizes);
        Assert.Equal(3, groups.Turns);
    }

    [Fact]
    public async Task Not_for_ever_when_the_clock_stands_still()
    {
        var groups = new Groups();
        await groups.OneAndThenTwoAsync();
        await groups.EnqueueAndFinishAsync();
        Assert.Equal([1, 2, 1], groups.Sizes);
        Assert.InRange(groups.Turns, 1, 10_000);
    }

    [Fact]
    public async Task Whoever_is_alone_waits_for_nobody()
    {
        var groups = new Groups();
        for (int i = 0; i < 10; i++)
        {
            await groups.EnqueueAndFinishAsync();
        }

        Assert.Equal(Enumerable.Repeat(1, 10), groups.Sizes);
        Assert.Equal(0, groups.Turns);
    }

    /// <summary>A queue whose groups are all that waits, and take the same time each.</summary>
    private sealed class Groups
    {
        private static readonly TimeSpan s_forever = TimeSpan.FromSeconds(60);
        private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly WriterQueue _queue;
        private readonly List<Task> _all = [];
        private bool _isHeld;

        public Groups() => _queue = new WriterQueue(ServeAsync, Clock, new GroupGathering(Clock, TakeTurn));

        public SimClock Clock { get; } = new();

        public List<int> Sizes { get; } = [];

        public TimeSpan EachTakes { get; init; } = TimeSpan.FromMilliseconds(1);

        public int Turns { get; private set; }

        public Action OnTurn { get; set; } = static () => { };

        public Action OnServed { get; set; } = static () => { };

        public void Enqueue()
        {
            var write = new EngineCommand(static () => ValueTask.CompletedTask);
            Task serving = _queue.EnqueueAsync(write).AsTask();
            lock (_all)
            {
                // Also by the writer, in the turns that it takes.
                _all.Add(serving);
                _all.Add(write.Completion);
            }
        }

        public async Task EnqueueAndFinishAsync()
        {
            Enqueue();
            await FinishAsync();
        }

        /// <summary>A group of one, and what came while it was served.</summary>
        public async Task OneAndThenTwoAsync()
        {
            _isHeld = true;
            Enqueue();
            Enqueue();
            Enqueue();
            _go.SetResult();
            await FinishAsync();
        }

        /// <summary>Completes when all that was enqueued is served, what is enqueued meanwhile included.</summary>
        private async Task FinishAsync()
        {
            int count;
            do
            {
                Task[] all;
                lock (_all)
                {
                    all = [.. _all];
                }

                count = all.Length;
                await Task.WhenAll(all).WaitAsync(s_forever);
            }
            while (count != Count());

            int Count()
            {
                lock (_all)
                {
                    return _all.Count;
                }
            }
        }

        private Task TakeTurn()
        {
            Turns++;
            OnTurn();
            return Task.CompletedTask;
        }

        private async ValueTask ServeAsync(WriterQueue queue)
        {
            List<StoreWrite> group = [];
            while (queue.TryTake(static _ => true, out StoreWrite? write))
            {
                group.Add(write!);
            }

            if (_isHeld)
            {
                await _go.Task;
            }

            Sizes.Add(group.Count);
            Clock.Advance(EachTakes);
            OnServed();
            group.ForEach(static write => write.Complete());
        }
    }
}
