using Mortise.Components;

namespace Mortise.Conformance.Tests.World;

public class SimWorldTests
{
    [Fact]
    public void Background_work_steps_only_when_run_and_in_the_order_of_the_seed()
    {
        string Order(ulong seed)
        {
            SimBackground background = new(seed);
            List<string> steps = [];
            List<IBackgroundWork> works = [];
            foreach (string name in (string[])["a", "b", "c"])
            {
                int left = 5;
                works.Add(background.Register(name, _ =>
                {
                    steps.Add(name);
                    return --left > 0 ? StepResult.More : StepResult.Idle;
                }));
            }

            Assert.False(background.RunOne());
            works.ForEach(work => work.Signal());
            Assert.Empty(steps);
            Assert.Equal(15, background.RunAll());
            return string.Concat(steps);
        }

        Assert.Equal(Order(1), Order(1));
        Assert.True(Enumerable.Range(0, 10).Select(seed => Order((ulong)seed)).Distinct().Count() > 5);
    }

    [Fact]
    public async Task A_step_that_throws_stops_its_work_and_is_reported()
    {
        SimBackground background = new(1);
        IBackgroundWork work = background.Register("w", _ => throw new InvalidOperationException("broken"));
        work.Signal();
        Assert.True(background.RunOne());
        work.Signal();
        Assert.False(background.RunOne());
        Assert.Equal("broken", work.Fault!.Message);
        Assert.Equal("w", Assert.Single(background.Faults).Name);
        await work.DisposeAsync();
        Assert.Empty(background.Registered);
    }

    [Fact]
    public async Task Hurried_work_is_done_on_another_thread_before_a_signal_returns()
    {
        SimBackground background = new(1) { IsHurried = true };
        List<int> threads = [];
        IBackgroundWork? work = null;
        work = background.Register("w", _ =>
        {
            threads.Add(Environment.CurrentManagedThreadId);
            work!.Signal();
            return threads.Count < 5 ? StepResult.More : throw new InvalidOperationException("enough");
        });
        work.Signal();
        Assert.Equal(5, threads.Count);
        Assert.DoesNotContain(Environment.CurrentManagedThreadId, threads);
        Assert.Equal("enough", Assert.Single(background.Faults).Fault.Message);
        await work.DisposeAsync();
        Assert.Empty(background.Registered);
    }

    [Fact]
    public async Task Hurried_work_that_needs_a_lock_of_whoever_signals_goes_on_when_that_is_free()
    {
        SimBackground background = new(1) { IsHurried = true };
        Lock gate = new();
        using ManualResetEventSlim stepped = new();
        IBackgroundWork work = background.Register("w", _ =>
        {
            lock (gate)
            {
                stepped.Set();
                return StepResult.Idle;
            }
        });
        lock (gate)
        {
            work.Signal();
            Assert.False(stepped.IsSet);
        }

        stepped.Wait();
        await work.DisposeAsync();
        Assert.Empty(background.Faults);
    }

    [Fact]
    public void The_clock_runs_timers_in_order_of_their_due_times()
    {
        SimClock clock = new();
        List<string> fired = [];
        ITimer slow = clock.CreateTimer(_ => fired.Add("slow"), null, TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);
        ITimer fast = clock.CreateTimer(_ => fired.Add("fast"), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        clock.Advance(TimeSpan.FromSeconds(2.5));
        Assert.Equal(["fast", "fast"], fired);
        fast.Dispose();
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["fast", "fast", "slow"], fired);
        Assert.Equal(0, clock.ActiveTimers);
        slow.Dispose();
    }

    [Fact]
    public void A_context_owns_a_durable_directory_below_its_name()
    {
        using SimWorld world = new(3);
        ComponentContext context = world.Context("indexes/author");
        Assert.Equal("indexes/author", context.Files.Path);
        using SimWorld after = world.AfterPowerCut(1, CrashModel.SyncedOnly);
        Assert.True(after.Disk.Root.OpenDirectory("indexes").Exists("author"));
        Assert.Equal(world.StoreId, after.StoreId);
    }
}
