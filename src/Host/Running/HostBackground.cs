using Mortise.Components;

namespace Mortise.Host.Running;

/// <summary>Runs background work on threads of its own: one step at a time for each registration, and between two steps
/// others get their turn. What is urgent shares its thread with nobody.</summary>
/// <remarks>Threads: all members from any thread. A step that throws stops its work for good; the exception is in
/// <see cref="IBackgroundWork.Fault"/>, in the log, and handed to the constructor's callback.</remarks>
/// <param name="log">Told of a fault.</param>
/// <param name="onFault">Called with the work's name and the exception, or null.</param>
public sealed class HostBackground(IComponentLog log, Action<string, Exception>? onFault = null) : IBackground
{
    /// <inheritdoc/>
    public IBackgroundWork Register(string name, Func<CancellationToken, StepResult> step) =>
        Register(name, step, isUrgent: false);

    /// <inheritdoc/>
    public IBackgroundWork RegisterUrgent(string name, Func<CancellationToken, StepResult> step) =>
        Register(name, step, isUrgent: true);

    private Work Register(string name, Func<CancellationToken, StepResult> step, bool isUrgent)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(step);
        return new Work(this, name, step, isUrgent);
    }

    private void Report(string name, Exception fault)
    {
        log.Write(ComponentLogLevel.Error, $"background work '{name}' stopped: {fault.Message}", fault);
        onFault?.Invoke(name, fault);
    }

    private sealed class Work : IBackgroundWork, IThreadPoolWorkItem
    {
        private readonly HostBackground _owner;
        private readonly string _name;
        private readonly Func<CancellationToken, StepResult> _step;
        private readonly OwnThread? _thread;
        private readonly Lock _gate = new();
        private readonly CancellationTokenSource _stop = new();
        private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool _scheduled;
        private bool _signalled;
        private bool _closing;
        private volatile Exception? _fault;

        public Work(HostBackground owner, string name, Func<CancellationToken, StepResult> step, bool isUrgent)
        {
            _owner = owner;
            _name = name;
            _step = step;
            _thread = isUrgent ? new OwnThread(name, Execute) : null;
        }

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

            Queue();
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
                result = _step(_stop.Token);
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
                _owner.Report(_name, fault);
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

            Queue();
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
                _thread?.Dispose();
                _stop.Dispose();
            }
        }

        private void Queue()
        {
            if (_thread is not null)
            {
                _thread.Run();
            }
            else
            {
                BackgroundThreads.Shared.Queue(this);
            }
        }
    }

    /// <summary>A thread that begins when there is something to run.</summary>
    private sealed class OwnThread(string name, Action step) : IDisposable
    {
        private readonly SemaphoreSlim _turns = new(0);
        private Thread? _thread;
        private volatile bool _isEnding;

        /// <summary>Runs the step once more. Not beside itself.</summary>
        public void Run()
        {
            if (_thread is null)
            {
                _thread = new Thread(Loop) { IsBackground = true, Name = name };
                _thread.Start();
            }

            _turns.Release();
        }

        /// <summary>Waits for the step that runs.</summary>
        public void Dispose()
        {
            _isEnding = true;
            _turns.Release();
            _thread?.Join();
            _turns.Dispose();
        }

        private void Loop()
        {
            for (_turns.Wait(); !_isEnding; _turns.Wait())
            {
                step();
            }
        }
    }
}
