using Mortise.Components;
using Mortise.Logging;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Knows how far commits survive a power cut, and makes them: their records in the log, and the bodies that were
/// written ahead of it to the record store.</summary>
/// <remarks>Threads: any. A commit is durable when both are; the two are synced in no particular order, because recovery
/// stops at a commit whose bodies are not whole.</remarks>
internal sealed class CommitDurability : IAsyncDisposable
{
    private readonly IWriteAheadLog _log;
    private readonly IRecordStaging? _staging;
    private readonly IBackgroundWork? _beside;
    private readonly Lock _gate = new();
    private Lsn _firstUnsettled;
    private Lsn _lastStaged;
    private TaskCompletionSource? _running;

    /// <param name="log">The log.</param>
    /// <param name="staging">The record store's capability; null without.</param>
    /// <param name="background">Where bodies are synced while the log is; null to sync one after the other.</param>
    public CommitDurability(IWriteAheadLog log, IRecordStaging? staging, IBackground? background)
    {
        _log = log;
        _staging = staging;
        _beside = staging is null ? null : background?.RegisterUrgent("sync bodies", SyncBeside);
    }

    /// <summary>Every commit up to here survives a power cut.</summary>
    public Lsn DurableLsn
    {
        get
        {
            lock (_gate)
            {
                Lsn log = _log.DurableLsn;
                return _firstUnsettled == Lsn.None || log < _firstUnsettled ? log : new Lsn(_firstUnsettled.Value - 1);
            }
        }
    }

    /// <summary>The bodies of commits were staged that are being logged.</summary>
    public void Staged(Lsn first, Lsn last)
    {
        lock (_gate)
        {
            _firstUnsettled = _firstUnsettled == Lsn.None ? first : _firstUnsettled;
            _lastStaged = last;
        }
    }

    /// <summary>Completes when every commit up to one is durable; on the caller's thread.</summary>
    public async ValueTask SyncAsync(Lsn through, CancellationToken cancellation = default)
    {
        if (Unsettled() is { } staged)
        {
            _staging!.SyncStaged();
            Settle(staged);
        }

        await SyncLogAsync(through, cancellation).ConfigureAwait(false);
    }

    /// <summary>The same, both syncs beside each other. The writer only.</summary>
    public async ValueTask SyncFastAsync(Lsn through)
    {
        ValueTask bodies = StartBodies();
        try
        {
            await SyncRestAsync(through).ConfigureAwait(false);
        }
        finally
        {
            await bodies.ConfigureAwait(false);
        }
    }

    /// <summary>Begins to sync what was staged, beside the caller. The writer only: not again before it has ended.</summary>
    /// <returns>Completes when it is durable; the caller waits for it, whatever becomes of the rest.</returns>
    public ValueTask StartBodies() =>
        _beside is { } beside && Unsettled() is { } staged ? SyncBesideAsync(beside, staged) : ValueTask.CompletedTask;

    /// <summary>Completes when every commit up to one is durable, but for what <see cref="StartBodies"/> has begun to
    /// sync.</summary>
    public ValueTask SyncRestAsync(Lsn through) => _beside is null ? SyncAsync(through) : SyncLogAsync(through);

    public ValueTask DisposeAsync() => _beside?.DisposeAsync() ?? ValueTask.CompletedTask;

    private ValueTask SyncLogAsync(Lsn through, CancellationToken cancellation = default) =>
        through > _log.DurableLsn ? _log.SyncAsync(through, cancellation) : ValueTask.CompletedTask;

    private async ValueTask SyncBesideAsync(IBackgroundWork beside, Lsn staged)
    {
        var running = new TaskCompletionSource();
        Volatile.Write(ref _running, running);
        beside.Signal();
        await running.Task.ConfigureAwait(false);
        Settle(staged);
    }

    private StepResult SyncBeside(CancellationToken cancellation)
    {
        if (Interlocked.Exchange(ref _running, null) is { } running)
        {
            try
            {
                _staging!.SyncStaged();
                running.SetResult();
            }
            catch (Exception e)
            {
                // Whoever waits for the commit fails with it.
                running.SetException(e);
            }
        }

        return StepResult.Idle;
    }

    private Lsn? Unsettled()
    {
        lock (_gate)
        {
            return _firstUnsettled == Lsn.None ? null : _lastStaged;
        }
    }

    private void Settle(Lsn staged)
    {
        lock (_gate)
        {
            if (_firstUnsettled != Lsn.None && _firstUnsettled <= staged)
            {
                _firstUnsettled = _lastStaged > staged ? staged.Next : Lsn.None;
            }
        }
    }
}
