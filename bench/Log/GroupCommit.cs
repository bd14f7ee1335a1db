using System.Diagnostics;
using Mortise.Host.Files;
using Mortise.Logging;
using Mortise.Nostr;

namespace Mortise.Bench.Log;

/// <summary>Many committers that wait for the device, beside one.</summary>
internal static class GroupCommit
{
    private const int Many = 64;
    private const int Rounds = 5;
    private static readonly TimeSpan s_turn = TimeSpan.FromSeconds(1);

    public static async Task RunAsync(PosixDirectory root)
    {
        Console.WriteLine(
            $"commits a second with syncMode always, {Rounds} rounds by turns: 1 committer, {Many} committers");
        IWriteAheadLog log = await Stacks.OpenLogAsync(root.OpenDirectory("group"));
        byte[] payload = new byte[400];
        await CompareAsync("log", async _ =>
        {
            Lsn lsn = log.Append(payload);
            await log.SyncAsync(lsn);
        });
        await log.DisposeAsync();

        int next = 0;
        EventStore store = await Stacks.OpenAsync(root.OpenDirectory("group-store"), "wal.syncMode=always");
        await CompareAsync(
            "event store, nine families",
            async _ => await store.PutAsync(Samples.Event(Interlocked.Increment(ref next))));
        await store.DisposeAsync();
    }

    private static async Task CompareAsync(string name, Func<int, ValueTask> commit)
    {
        await RateAsync(1, commit);
        await RateAsync(Many, commit);
        List<double> ratios = [];
        for (int round = 0; round < Rounds; round++)
        {
            double one = await RateAsync(1, commit);
            double many = await RateAsync(Many, commit);
            ratios.Add(many / one);
            Console.WriteLine($"   {name}: {one,8:n0} {many,10:n0}   {many / one:n1}x");
        }

        ratios.Sort();
        Console.WriteLine($"   {name}, median: {ratios[Rounds / 2]:n1}x");
    }

    private static async Task<double> RateAsync(int committers, Func<int, ValueTask> commit)
    {
        long done = 0;
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, committers).Select(committer => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(start) < s_turn)
            {
                await commit(committer);
                Interlocked.Increment(ref done);
            }
        })));
        return done / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
