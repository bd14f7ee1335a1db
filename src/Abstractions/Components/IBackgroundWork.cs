namespace Mortise.Components;

/// <summary>A registered piece of background work.</summary>
public interface IBackgroundWork : IAsyncDisposable
{
    /// <summary>Asks for the step to be called until it answers <see cref="StepResult.Idle"/>. Cheap; any
    /// thread.</summary>
    void Signal();

    /// <summary>The exception that stopped the work, or null.</summary>
    Exception? Fault { get; }
}
