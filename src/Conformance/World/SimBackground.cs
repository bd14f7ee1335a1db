using Mortise.Components;

namespace Mortise.Conformance;

/// <summary>Background work whose steps run only when a test says so, in an order that a seed decides; or, while it is
/// <see cref="IsHurried"/>, as early as production may run them.</summary>
/// <remarks>Threads: any; at most one step of a work runs at a time. A component that waits for its own background work
/// inside a call would wait for ever: such a wait belongs behind a task, which <see cref="Complete(ValueTask)"/>
/// drives.</remarks>
public sealed class SimBackground : IBackground
{
    // A step that has waited for so long waits, it is taken, for whoever signals.
    private const int BlockedMilliseconds = 20;
    private const int MaxSignalMilliseconds = 5_000;

    private readonly Lock _gate = new();
    private readonly List<Work> _works = [];
    private readonly Random _random;

    /// <summary>Makes it.</summary>
    /// <param name="seed">Decides which of several signalled works steps next.</param>
    /// <param name="isEager">True when <see cref="AfterCall"/> runs all that was signalled.</param>
    public SimBackground(ulong seed, bool isEager = false)
    {
        _random = Seeds.Generator(seed);
        IsEager = isEager;
    }

    /// <summary>True when work follows each call at once; false when only <see cref="RunOne"/> and
    /// <see cref="RunAll"/> run it.</summary>
    public bool IsEager { get; }

    /// <summary>True when a signal lets its work step at once, on a thread of its own, and returns when nothing more is
    /// to do: what production does when the thread that signals is taken off its processor just then.</summary>
    /// <remarks>A step that waits, as for a lock which whoever signals holds, goes on beside it: how long a signal
    /// waits decides how much is tried, and nothing else.</remarks>
    public bool IsHurried { get; set; }

    /// <summary>Names of the works that are registered; a component that is closed leaves none.</summary>
    public IReadOnlyList<string> Registered
    {
        get
        {
            lock (_gate)
            {
                return _works.ConvertAll(work => work.Name);
            }
        }
    }

    /// <summary>Exceptions that stopped works, with the works' names.</summary>
    public IReadOnlyList<(string Name, Exception Fault)> Faults
    {
        get
        {
            lock (_gate)
            {
                return [.. _faults];
            }
        }
    }

    private readonly List<(string Name, Exception Fault)> _faults = [];

    /// <inheritdoc/>
    public IBackgroundWork Register(string name, Func<CancellationToken, StepResult> step)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(step);
        Work work = new(this, name, step);
        lock (_gate)
        {
            _works.Add(work);
        }

        return work;
    }

    /// <summary>Runs one step of one signalled work.</summary>
    /// <returns>False when nothing was signalled.</returns>
    public bool RunOne()
    {
        Work? next = null;
        lock (_gate)
        {
            List<Work> ready = _works.FindAll(work => work.IsSignalled && !work.IsRunning);
            if (ready.Count > 0)
            {
                next = ready[_random.Next(ready.Count)];
                next.IsRunning = true;
                next.IsSignalled = false;
            }
        }

        next?.Run();
        return next is not null;
    }

    /// <summary>Runs steps until nothing is signalled.</summary>
    /// <param name="maxSteps">More steps than this are taken for work that never ends.</param>
    /// <returns>Steps run.</returns>
    /// <exception cref="InvalidOperationException">There was still work after <paramref name="maxSteps"/>.</exception>
    public int RunAll(int maxSteps = 1_000_000)
    {
        int steps = 0;
        while (RunOne())
        {
            if (++steps > maxSteps)
            {
                throw new InvalidOperationException($"background work is not idle after {maxSteps} steps");
            }
        }

        return steps;
    }

    /// <summary>A test calls this after each call of a component: eager work runs here, when the component holds no
    /// lock.</summary>
    public void AfterCall()
    {
        if (IsEager)
        {
            RunAll();
        }
    }

    /// <summary>Runs steps until a task of a component is done.</summary>
    public void Complete(ValueTask pending)
    {
        Task task = pending.AsTask();
        Drive(task);
        task.GetAwaiter().GetResult();
    }

    /// <summary>Runs steps until a task of a component is done.</summary>
    public T Complete<T>(ValueTask<T> pending)
    {
        Task<T> task = pending.AsTask();
        Drive(task);
        return task.GetAwaiter().GetResult();
    }

    private bool TryTake(Work work)
    {
        lock (_gate)
        {
            bool isReady = work.IsSignalled && !work.IsRunning && _works.Contains(work);
            if (isReady)
            {
                work.IsRunning = true;
                work.IsSignalled = false;
            }

            return isReady;
        }
    }

    private void Drive(Task task)
    {
        while (!task.IsCompleted)
        {
            if (!RunOne())
            {
                // The task is on a thread of its own; its end, or work that it signals, comes from there.
                Task.WaitAny([task], millisecondsTimeout: 1);
            }
        }
    }

    private sealed class Work(SimBackground owner, string name, Func<CancellationToken, StepResult> step)
        : IBackgroundWork
    {
        private readonly CancellationTokenSource _stop = new();
        private TaskCompletionSource? _idle;
        private Thread? _runner;

        public string Name { get; } = name;

        public bool IsSignalled { get; set; }

        public bool IsRunning { get; set; }

        public Exception? Fault { get; private set; }

        public void Signal()
        {
            lock (owner._gate)
            {
                IsSignalled |= Fault is null && owner._works.Contains(this);
            }

            // Its own step takes the signal along, and would wait for itself.
            if (owner.IsHurried && Thread.CurrentThread != Volatile.Read(ref _runner))
            {
                Hurry();
            }
        }

        public void Run()
        {
            Exception? fault = null;
            StepResult result = StepResult.Idle;
            Volatile.Write(ref _runner, Thread.CurrentThread);
            try
            {
                result = step(_stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                result = StepResult.Idle;
            }
#pragma warning disable CA1031 // Whatever it is, it ends this work and is reported, as in production.
            catch (Exception caught)
#pragma warning restore CA1031
            {
                fault = caught;
            }

            Volatile.Write(ref _runner, null);
            lock (owner._gate)
            {
                IsRunning = false;
                IsSignalled |= result == StepResult.More;
                if (fault is not null)
                {
                    Fault = fault;
                    IsSignalled = false;
                    owner._faults.Add((Name, fault));
                }

                _idle?.TrySetResult();
            }
        }

        /// <summary>Steps until nothing more is to do. What is running takes a signal along when it ends.</summary>
        private void Hurry()
        {
            Thread thread = new(() =>
            {
                while (owner.TryTake(this))
                {
                    Run();
                }
            })
            {
                IsBackground = true,
                Name = Name,
            };
            thread.Start();
            int blocked = 0;
            for (int i = 0; i < MaxSignalMilliseconds && blocked < BlockedMilliseconds && !thread.Join(1); i++)
            {
                blocked = thread.ThreadState.HasFlag(ThreadState.WaitSleepJoin) ? blocked + 1 : 0;
            }
        }

        public async ValueTask DisposeAsync()
        {
            Task running = Task.CompletedTask;
            lock (owner._gate)
            {
                if (!owner._works.Remove(this))
                {
                    return;
                }

                IsSignalled = false;
                if (IsRunning)
                {
                    _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    running = _idle.Task;
                }
            }

            await _stop.CancelAsync().ConfigureAwait(false);
            await running.ConfigureAwait(false);
            _stop.Dispose();
        }
    }
}
