using System.Threading.Channels;
using Mortise.Conformance;
using Mortise.Host.Loading;

namespace Mortise.Host.Tests.Loading;

/// <summary>H13, E22: a burst of changes is one piece of work, and what the work throws is told.</summary>
public sealed class SettledChangesTests
{
    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(200);

    private readonly SimClock _clock = new();
    private readonly Channel<int> _runs = Channel.CreateUnbounded<int>();
    private int _count;

    [Fact]
    public async Task Fifty_changes_in_a_tenth_of_a_second_are_one_piece_of_work()
    {
        await using var changes = new SettledChanges(s_quiet, _clock, Run, Fail);
        for (int burst = 1; burst <= 3; burst++)
        {
            for (int i = 0; i < 50; i++)
            {
                changes.Touch();
                _clock.Advance(TimeSpan.FromMilliseconds(2));
            }

            _clock.Advance(s_quiet - TimeSpan.FromMilliseconds(3));
            Assert.Equal(burst - 1, Volatile.Read(ref _count));
            _clock.Advance(TimeSpan.FromMilliseconds(1));

            // Were there two for a burst, the second would be counted in the next.
            Assert.Equal(burst, await _runs.Reader.ReadAsync());
        }
    }

    [Fact]
    public async Task What_changes_during_the_work_is_worked_on_after_it_and_never_beside_it()
    {
        var go = new TaskCompletionSource();
        int beside = 0;
        await using var changes = new SettledChanges(
            s_quiet,
            _clock,
            async _ =>
            {
                Assert.Equal(1, Interlocked.Increment(ref beside));
                await _runs.Writer.WriteAsync(++_count, CancellationToken.None);
                await go.Task;
                Interlocked.Decrement(ref beside);
            },
            Fail);
        changes.Touch();
        _clock.Advance(s_quiet);
        Assert.Equal(1, await _runs.Reader.ReadAsync());
        for (int i = 0; i < 3; i++)
        {
            changes.Touch();
            _clock.Advance(s_quiet);
        }

        go.SetResult();
        Assert.Equal(2, await _runs.Reader.ReadAsync());
        changes.Touch();
        _clock.Advance(s_quiet);
        Assert.Equal(3, await _runs.Reader.ReadAsync());
    }

    [Fact]
    public async Task What_the_work_throws_is_told_and_the_next_change_is_worked_on()
    {
        var told = Channel.CreateUnbounded<Exception>();
        await using var changes = new SettledChanges(
            s_quiet,
            _clock,
            _ => _count++ == 0 ? throw new FormatException("first") : Run(default),
            e => told.Writer.TryWrite(e));
        changes.Touch();
        _clock.Advance(s_quiet);
        Assert.IsType<FormatException>(await told.Reader.ReadAsync());
        changes.Touch();
        _clock.Advance(s_quiet);
        Assert.Equal(3, await _runs.Reader.ReadAsync());
    }

    [Fact]
    public async Task Disposing_tells_the_work_to_stop_and_waits_for_it()
    {
        var begun = new TaskCompletionSource();
        bool stopped = false;
        var changes = new SettledChanges(
            s_quiet,
            _clock,
            async stop =>
            {
                begun.SetResult();
                var told = new TaskCompletionSource();
                await using CancellationTokenRegistration _ = stop.Register(told.SetResult);
                await told.Task;
                stopped = true;
                stop.ThrowIfCancellationRequested();
            },
            Fail);
        changes.Touch();
        _clock.Advance(s_quiet);
        await begun.Task;
        await changes.DisposeAsync();
        Assert.True(stopped);
        Assert.Equal(0, _clock.ActiveTimers);
        await changes.DisposeAsync();
    }

    private async Task Run(CancellationToken stop) =>
        await _runs.Writer.WriteAsync(Interlocked.Increment(ref _count), CancellationToken.None);

    private void Fail(Exception e) => _runs.Writer.TryComplete(e);
}
