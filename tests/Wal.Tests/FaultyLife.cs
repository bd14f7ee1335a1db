using Mortise.Conformance;
using Mortise.Logging;

namespace Mortise.Wal.Tests;

/// <summary>A life on a device that fails: carries on after what may be tried again, reopens after what may
/// not.</summary>
internal sealed class FaultyLife(int seed, string context)
{
    private readonly Random _random = new(seed);
    private readonly List<(ulong Lsn, byte[] Payload)> _refused = [];
    private IWriteAheadLog? _log;

    public LogHistory History { get; } = new();

    /// <summary>The last LSN that a sync promised, on whatever instance.</summary>
    public ulong PromisedBeforeReopening { get; private set; }

    public void Run(SimWorld world, int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            try
            {
                _log ??= Reopen(world);
                Step(world, _log);
            }
            catch (StorageException e) when (e.Code != StorageErrorCode.Corrupt)
            {
                // Only these may be tried on the same instance; every other error closed it.
                if (!e.IsRetryable && _log is not null)
                {
                    Assert.Throws<StorageException>(() => _log.Append([1]));
                    CloseQuietly(_log);
                    _log = null;
                }
            }
        }
    }

    /// <summary>A record that was refused for want of space must not stand where another one was put later, or
    /// nowhere.</summary>
    public void CheckFailedAppendsAreGone(IWriteAheadLog log)
    {
        List<byte[]> all = log.ReplayAll();
        foreach ((ulong lsn, byte[] payload) in _refused)
        {
            if (lsn >= log.FirstLsn.Value && lsn <= log.LastLsn.Value)
            {
                Assert.False(
                    all[(int)(lsn - log.FirstLsn.Value)].AsSpan().SequenceEqual(payload),
                    $"{context}: refused {lsn} is there");
            }
        }
    }

    private IWriteAheadLog Reopen(SimWorld world)
    {
        IWriteAheadLog log = Logs.Open(world);
        try
        {
            History.CheckOpened(log, History.Durable, context);
            PromisedBeforeReopening = Math.Max(PromisedBeforeReopening, log.DurableLsn.Value);
            return log;
        }
        catch (StorageException)
        {
            CloseQuietly(log);
            throw;
        }
    }

    private void Step(SimWorld world, IWriteAheadLog log)
    {
        switch (_random.Next(10))
        {
            case < 6:
                byte[] payload = Logs.Payload(_random, 1 + _random.Next(_random.Next(2) == 0 ? 300 : 30000));
                Append(log, payload);
                break;
            case < 8:
                Lsn last = log.LastLsn;
                log.Sync();
                History.SyncReturned(last);
                PromisedBeforeReopening = Math.Max(PromisedBeforeReopening, last.Value);
                break;
            case 8:
                History.Truncating(log.DurableLsn);
                log.Truncate(log.DurableLsn);
                break;
            default:
                world.Background.RunAll();
                break;
        }
    }

    private void Append(IWriteAheadLog log, byte[] payload)
    {
        History.Appending(payload);
        try
        {
            History.AppendReturned(log.Append(payload));
        }
        catch (StorageException e) when (e.IsRetryable)
        {
            _refused.Add((History.Appended + 1, payload));
            History.AppendFailed();
            throw;
        }
    }

    private static void CloseQuietly(IWriteAheadLog log)
    {
        try
        {
            log.Close();
        }
        catch (StorageException)
        {
            // Closing on a failing device may fail too; what matters is what the next open finds.
        }
    }
}
