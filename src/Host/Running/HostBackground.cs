using Mortise.Components;

namespace Mortise.Host.Running;

/// <summary>Runs background work on the thread pool: one step at a time for each registration, and between two steps
/// others get their turn.</summary>
/// <remarks>Threads: all members from any thread. A step that throws stops its work for good; the exception is in
/// <see cref="IBackgroundWork.Fault"/>, in the log, and handed to the constructor's callback.</remarks>
/// <param name="log">Told of a fault.</param>
/// <param name="onFault">Called with the work's name and the exception, or null.</param>
public sealed class HostBackground(IComponentLog log, Action<string, Exception>? onFault = null) : IBackground
{
    /// <inheritdoc/>
    public IBackgroundWork Register(string name, Func<CancellationToken, StepResult> step)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(step);
        return new Work(this, name, step);
    }

    private void Report(string name, Exception fault)
    {
        log.Write(ComponentLogLevel.Error, $"background work '{name}' stopped: {fault.Message}", fault);
        onFault?.Invoke(name, fault);
    }

    private sealed class Work(HostBackground owner, string name, Func<CancellationToken, StepResult> step)
        : IBackgroundWork, IThreadPoolWorkItem
    {
        private readonly Lock _gate = new();
        private readonly CancellationTokenSource _stop = new();
        private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool _scheduled;
        private bool _signalled;
        private bool _closing;
        private volatile Exception? _fault;

        public Exception? Fault => _fault;

        public void Signal()
        {
            lock (_gate)
            {
                if (_closing || _fault is not null)
                {
                    return;
                }

                _signalled = true;
                if (_scheduled)
                {
                    return;
                }

                _scheduled = true;
            }

            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        public void Execute()
        {
            lock (_gate)
            {
                if (_closing)
                {
                    _scheduled = false;
                    _stopped.TrySetResult();
                    return;
                }

                // A signal during the step counts for the next one: the step may have looked too early.
                _signalled = false;
            }

            StepResult result = StepResult.Idle;
            Exception? fault = null;
            try
            {
                result = step(_stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // The answer to disposal, not a fault.
            }
#pragma warning disable CA1031 // An exception of any type stops the work and is reported; nothing above could catch it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                fault = e;
                _fault = e;
            }

            if (fault is not null)
            {
                owner.Report(name, fault);
            }

            lock (_gate)
            {
                bool again = fault is null && !_closing && (result == StepResult.More || _signalled);
                if (!again)
                {
                    _scheduled = false;
                    if (_closing)
                    {
                        _stopped.TrySetResult();
                    }

                    return;
                }
            }

            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        public async ValueTask DisposeAsync()
        {
            bool first;
            bool isIdle;
            lock (_gate)
            {
                first = !_closing;
                _closing = true;
                isIdle = !_scheduled;
                if (isIdle)
                {
                    _stopped.TrySetResult();
                }
            }

            if (first && isIdle)
            {
                // Nothing runs that could listen. Needs no thread of the pool, all of which may wait for closes like
                // this.
                _stop.Cancel();
            }
            else if (first)
            {
                await _stop.CancelAsync().ConfigureAwait(false);
            }

            await _stopped.Task.ConfigureAwait(false);
            if (first)
            {
                _stop.Dispose();
            }
        }
    }
}
