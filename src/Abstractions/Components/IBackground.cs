namespace Mortise.Components;

/// <summary>Runs a component's background work: in production on threads, in a simulation in an order that a seed
/// decides.</summary>
public interface IBackground
{
    /// <summary>Registers work that starts idle.</summary>
    /// <param name="name">What it does, for people: <c>merge</c>, <c>recycle</c>.</param>
    /// <param name="step">One bounded piece of the work. Never called concurrently with itself. An exception stops the
    /// work and is reported as the component's fault. It may begin as soon as the work is signalled: see
    /// <see cref="IBackgroundWork.Signal"/>.</param>
    /// <returns>The handle; disposing it waits for a running step and stops the work for good.</returns>
    IBackgroundWork Register(string name, Func<CancellationToken, StepResult> step);

    /// <summary>Registers work that callers wait for, such as a sync: it does not queue behind the steps of other work.
    /// </summary>
    /// <inheritdoc cref="Register"/>
    /// <remarks>It may cost a thread of its own, from the first signal to disposal.</remarks>
    IBackgroundWork RegisterUrgent(string name, Func<CancellationToken, StepResult> step) => Register(name, step);
}
