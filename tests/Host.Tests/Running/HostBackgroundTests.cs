using Mortise.Components;
using Mortise.Host.Running;

namespace Mortise.Host.Tests.Running;

public sealed class HostBackgroundTests
{
    private readonly HostBackground _background = new(NullLog.Instance);

    [Fact]
    public async Task A_step_is_repeated_until_it_is_idle_and_never_runs_beside_itself()
    {
        int inside = 0;
        int calls = 0;
        var done = new TaskCompletionSource();
        await using IBackgroundWork work = _background.Register("count", _ =>
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

    [Fact]
    public async Task A_signal_during_a_step_is_not_lost()
    {
        using var entered = new SemaphoreSlim(0);
        using var go = new SemaphoreSlim(0);
        int calls = 0;
        await using IBackgroundWork work = _background.Register("signal", token =>
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

    [Fact]
    public async Task Disposal_cancels_a_running_step_waits_for_it_and_ends_the_work()
    {
        using var entered = new SemaphoreSlim(0);
        bool left = false;
        int calls = 0;
        IBackgroundWork work = _background.Register("wait", token =>
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
}
