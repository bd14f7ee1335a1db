using Mortise.Components;
using Mortise.Host.Running;

namespace Mortise.Host.Tests.Running;

public sealed class HostBackgroundTests
{
    private readonly HostBackground _background = new(NullLog.Instance);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_step_is_repeated_until_it_is_idle_and_never_runs_beside_itself(bool isUrgent)
    {
        int inside = 0;
        int calls = 0;
        var done = new TaskCompletionSource();
        await using IBackgroundWork work = Register(isUrgent, "count", _ =>
        {
            Assert.Equal(1, Interlocked.Increment(ref inside));
            int call = Interlocked.Increment(ref calls);
            Interlocked.Decrement(ref inside);
            if (call < 1000)
            {
                return StepResult.More;
            }

            done.TrySetResult();
            return StepResult.Idle;
        });
        Parallel.For(0, 8, _ => work.Signal());
        await done.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Null(work.Fault);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_signal_during_a_step_is_not_lost(bool isUrgent)
    {
        using var entered = new SemaphoreSlim(0);
        using var go = new SemaphoreSlim(0);
        int calls = 0;
        await using IBackgroundWork work = Register(isUrgent, "signal", token =>
        {
            Interlocked.Increment(ref calls);
            entered.Release();
            go.Wait(token);
            return StepResult.Idle;
        });
        work.Signal();
        Assert.True(await entered.WaitAsync(TimeSpan.FromSeconds(30)));
        work.Signal();
        go.Release();
        Assert.True(await entered.WaitAsync(TimeSpan.FromSeconds(30)));
        go.Release();
        Assert.Equal(2, Volatile.Read(ref calls));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Disposal_cancels_a_running_step_waits_for_it_and_ends_the_work(bool isUrgent)
    {
        using var entered = new SemaphoreSlim(0);
        bool left = false;
        int calls = 0;
        IBackgroundWork work = Register(isUrgent, "wait", token =>
        {
            Interlocked.Increment(ref calls);
            entered.Release();
            token.WaitHandle.WaitOne();
            left = true;
            token.ThrowIfCancellationRequested();
            return StepResult.More;
        });
        work.Signal();
        Assert.True(await entered.WaitAsync(TimeSpan.FromSeconds(30)));
        await Task.WhenAll(work.DisposeAsync().AsTask(), work.DisposeAsync().AsTask());
        Assert.True(left);
        work.Signal();
        await work.DisposeAsync();
        Assert.Equal(1, calls);
        Assert.Null(work.Fault);
    }

    [Fact]
    public async Task A_throwing_step_stops_the_work_and_is_reported_once()
    {
        var reported = new TaskCompletionSource<(string Name, Exception Fault)>();
        var text = new StringWriter();
        var log = new TextLog(text, "background", ComponentLogLevel.Information, TimeProvider.System);
        var background = new HostBackground(log, (name, fault) => reported.SetResult((name, fault)));
        int calls = 0;
        await using IBackgroundWork work = background.Register("merge", _ =>
        {
            calls++;
            throw new InvalidOperationException("no such page");
        });
        work.Signal();
        (string name, Exception fault) = await reported.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("merge", name);
        Assert.Same(fault, work.Fault);
        work.Signal();
        await work.DisposeAsync();
        Assert.Equal(1, calls);
        Assert.Contains(" error background: background work 'merge' stopped: no such page", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Urgent_work_runs_on_a_thread_that_nothing_else_runs_on()
    {
        var ran = new TaskCompletionSource<(bool IsPooled, int Thread)>();
        var again = new TaskCompletionSource<(bool IsPooled, int Thread)>();
        await using IBackgroundWork work = _background.RegisterUrgent("sync", _ =>
        {
            (ran.Task.IsCompleted ? again : ran).TrySetResult(
                (Thread.CurrentThread.IsThreadPoolThread, Environment.CurrentManagedThreadId));
            return StepResult.Idle;
        });
        work.Signal();
        (bool isPooled, int thread) = await ran.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.False(isPooled);
        work.Signal();
        Assert.Equal((false, thread), await again.Task.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Steps_do_not_take_the_thread_pools_threads_and_what_they_complete_goes_on_there()
    {
        var stepped = new TaskCompletionSource();
        bool isPooled = true;
        await using IBackgroundWork work = _background.Register("merge", _ =>
        {
            isPooled = Thread.CurrentThread.IsThreadPoolThread;
            stepped.SetResult();
            return StepResult.Idle;
        });
        Task<bool> after = AfterAsync();
        work.Signal();
        Assert.True(await after.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.False(isPooled);

        async Task<bool> AfterAsync()
        {
            await stepped.Task.ConfigureAwait(false);
            return Thread.CurrentThread.IsThreadPoolThread;
        }
    }

    [Fact]
    public async Task Steps_that_wait_for_another_one_do_not_wait_for_ever()
    {
        using var waited = new ManualResetEventSlim();
        using var waiting = new CountdownEvent(Environment.ProcessorCount + 2);
        var works = new List<IBackgroundWork>();
        for (int i = 0; i < waiting.InitialCount; i++)
        {
            works.Add(_background.Register("wait", token =>
            {
                waiting.Signal();
                Assert.True(waited.Wait(TimeSpan.FromSeconds(60), token));
                return StepResult.Idle;
            }));
        }

        works.ForEach(static work => work.Signal());
        Assert.True(await Task.Run(() => waiting.Wait(TimeSpan.FromSeconds(60))));
        waited.Set();
        foreach (IBackgroundWork work in works)
        {
            await work.DisposeAsync();
            Assert.Null(work.Fault);
        }
    }

    private IBackgroundWork Register(bool isUrgent, string name, Func<CancellationToken, StepResult> step) =>
        isUrgent ? _background.RegisterUrgent(name, step) : _background.Register(name, step);
}
