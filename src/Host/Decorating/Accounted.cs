using Mortise.Components;
using Mortise.Host.Composition;
using Mortise.Host.Loading;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Records;

namespace Mortise.Host.Decorating;

/// <summary>Keeps account of the calls of a component, and closes with it what was made for it.</summary>
/// <remarks>Counted are calls that come once a commit or less often. Reads, and the snapshots of an index, are the
/// plugin's own: they are passed on as they are.</remarks>
internal static class Accounted
{
    /// <summary>Puts an account around a component.</summary>
    /// <param name="component">The plugin's.</param>
    /// <param name="account">Its account.</param>
    /// <param name="owned">Goes when the component is closed.</param>
    public static T Around<T>(T component, InstanceAccount account, IAsyncDisposable owned)
        where T : class, IStorageComponent => (T)(object)(component switch
        {
            IWriteAheadLog log => new Log(log, account, owned),
            IRecordStore records => new Records(records, account, owned),
            IIndexFamily index => new Index(index, account, owned),
            _ => component,
        });

    private static ValueTask CountAsync(InstanceAccount account, FlightPhase phase, Func<ValueTask> run)
    {
        InstanceAccount.Call call = account.Begin(phase);
        ValueTask running;
        try
        {
            running = run();
        }
        catch
        {
            call.Dispose();
            throw;
        }

        if (running.IsCompletedSuccessfully)
        {
            call.Dispose();
            return running;
        }

        return WaitAsync(running, call);
    }

    private static async ValueTask WaitAsync(ValueTask running, InstanceAccount.Call call)
    {
        using (call)
        {
            await running.ConfigureAwait(false);
        }
    }

    private sealed class Log(IWriteAheadLog inner, InstanceAccount account, IAsyncDisposable owned) : LogDecorator(inner)
    {
        public override Lsn Append(ReadOnlySpan<byte> payload)
        {
            using InstanceAccount.Call call = account.Begin(FlightPhase.Append);
            return Inner.Append(payload);
        }

        public override ValueTask SyncAsync(Lsn through, CancellationToken cancellation = default) =>
            CountAsync(account, FlightPhase.Sync, () => Inner.SyncAsync(through, cancellation));

        public override void Truncate(Lsn keepFrom)
        {
            using InstanceAccount.Call call = account.Begin(FlightPhase.Truncate);
            Inner.Truncate(keepFrom);
        }

        public override void Restart(Lsn next)
        {
            using InstanceAccount.Call call = account.Begin(FlightPhase.Truncate);
            Inner.Restart(next);
        }

        public override async ValueTask DisposeAsync()
        {
            using (account.Begin(FlightPhase.Close))
            {
                await base.DisposeAsync().ConfigureAwait(false);
            }

            await owned.DisposeAsync().ConfigureAwait(false);
        }
    }

    private sealed class Records(IRecordStore inner, InstanceAccount account, IAsyncDisposable owned)
        : RecordDecorator(inner)
    {
        public override void Apply(in RecordBatch batch)
        {
            using InstanceAccount.Call call = account.Begin(FlightPhase.Apply);
            Inner.Apply(batch);
        }

        public override ValueTask CheckpointAsync(CancellationToken cancellation = default) =>
            CountAsync(account, FlightPhase.Checkpoint, () => Inner.CheckpointAsync(cancellation));

        public override async ValueTask DisposeAsync()
        {
            using (account.Begin(FlightPhase.Close))
            {
                await base.DisposeAsync().ConfigureAwait(false);
            }

            await owned.DisposeAsync().ConfigureAwait(false);
        }
    }

    private sealed class Index(IIndexFamily inner, InstanceAccount account, IAsyncDisposable owned)
        : IndexDecorator(inner)
    {
        public override void Apply(in IndexBatch batch)
        {
            using InstanceAccount.Call call = account.Begin(FlightPhase.Apply);
            Inner.Apply(batch);
        }

        public override ValueTask CheckpointAsync(CancellationToken cancellation = default) =>
            CountAsync(account, FlightPhase.Checkpoint, () => Inner.CheckpointAsync(cancellation));

        public override ValueTask ResetAsync(CancellationToken cancellation = default) =>
            CountAsync(account, FlightPhase.Truncate, () => Inner.ResetAsync(cancellation));

        public override async ValueTask DisposeAsync()
        {
            using (account.Begin(FlightPhase.Close))
            {
                await base.DisposeAsync().ConfigureAwait(false);
            }

            await owned.DisposeAsync().ConfigureAwait(false);
        }
    }
}
