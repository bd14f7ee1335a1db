using Mortise.Conformance;
using Mortise.Logging;

namespace Mortise.Wal.Tests;

/// <summary>A seeded mix of everything a store does to its log, with the oracle of what it may expect.</summary>
internal sealed class Workload(int seed, WalOptions options)
{
    private readonly Random _random = new(seed);

    public LogHistory History { get; } = new();

    /// <summary>Opens the log, checks it, and runs steps until they end or the world does.</summary>
    /// <param name="world">The world.</param>
    /// <param name="steps">How many steps.</param>
    /// <param name="mustHave">What has to be there at open; see <see cref="LogHistory.CheckOpened"/>.</param>
    /// <param name="context">For messages.</param>
    /// <param name="close">Close in order at the end.</param>
    public void Run(SimWorld world, int steps, ulong mustHave, string context, bool close)
    {
        IWriteAheadLog log = Logs.Open(world, options);
        History.CheckOpened(log, mustHave, context);
        for (int i = 0; i < steps; i++)
        {
            Step(world, ref log, context);
        }

        History.CheckReplay(log, context);
        if (close)
        {
            log.Close();
        }
    }

    private void Step(SimWorld world, ref IWriteAheadLog log, string context)
    {
        switch (_random.Next(100))
        {
            case < 60:
                byte[] payload = Logs.Payload(_random, Size());
                History.Appending(payload);
                History.AppendReturned(log.Append(payload));
                break;
            case < 85:
                var through = new Lsn(log.DurableLsn.Value
                    + (ulong)_random.NextInt64((long)(log.LastLsn.Value - log.DurableLsn.Value) + 1));
                log.Sync(through);
                History.SyncReturned(through);
                break;
            case < 92:
                Lsn keep = new(1 + (ulong)_random.NextInt64((long)log.DurableLsn.Value + 1));
                History.Truncating(keep);
                log.Truncate(keep);
                break;
            case < 97:
                world.Background.RunAll();
                break;
            default:
                log.Close();
                History.SyncReturned(log.LastLsn);
                log = Logs.Open(world, options);
                Assert.True(log.Recovery.WasClean, $"{context}: closed in order, reported as unclean");
                History.CheckOpened(log, History.Appended, context);
                break;
        }
    }

    private int Size() => _random.Next(12) switch
    {
        < 5 => 1 + _random.Next(200),
        < 9 => 1 + _random.Next(4000),
        < 11 => 8000 + _random.Next(30000),
        _ => 60000 + _random.Next(20000),
    };
}
