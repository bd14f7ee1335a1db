namespace Mortise.Relay.Tests;

/// <summary>Who computes next.</summary>
public sealed class FairTurnsTests
{
    private static readonly TimeSpan s_never = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task An_address_that_asks_for_a_thousand_turns_delays_another_by_one_of_them()
    {
        var turns = new FairTurns(1);
        await turns.WaitAsync("greedy", default);
        Task[] greedy = [.. Enumerable.Range(0, 1_000).Select(_ => turns.WaitAsync("greedy", default).AsTask())];
        Task modest = turns.WaitAsync("modest", default).AsTask();
        turns.Release();
        await greedy[0].WaitAsync(s_never);
        Assert.False(modest.IsCompleted);
        turns.Release();
        await modest.WaitAsync(s_never);
        Assert.DoesNotContain(greedy[1..], static t => t.IsCompleted);
    }

    [Fact]
    public async Task All_that_wait_get_a_turn_and_no_more_at_once_than_there_are()
    {
        var turns = new FairTurns(2);
        int at = 0;
        int most = 0;
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(async () =>
        {
            await turns.WaitAsync($"{i % 7}", default);
            int now = Interlocked.Increment(ref at);
            InterlockedMax(ref most, now);
            await Task.Yield();
            Interlocked.Decrement(ref at);
            turns.Release();
        }))).WaitAsync(s_never);
        Assert.InRange(most, 1, 2);
        Assert.False(turns.IsWanted);
        await turns.WaitAsync("a", default).AsTask().WaitAsync(s_never);
        await turns.WaitAsync("a", default).AsTask().WaitAsync(s_never);
    }

    [Fact]
    public async Task Who_gave_up_takes_no_turn()
    {
        var turns = new FairTurns(1);
        await turns.WaitAsync("a", default);
        using var patience = new CancellationTokenSource();
        Task impatient = turns.WaitAsync("b", patience.Token).AsTask();
        Task next = turns.WaitAsync("b", default).AsTask();
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        turns.Release();
        await next.WaitAsync(s_never);
        turns.Release();
        await turns.WaitAsync("c", default).AsTask().WaitAsync(s_never);
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (int seen = Volatile.Read(ref most); value > seen;)
        {
            int found = Interlocked.CompareExchange(ref most, value, seen);
            if (found == seen)
            {
                return;
            }

            seen = found;
        }
    }
}
