namespace Mortise.Components;

/// <summary>A registered piece of background work.</summary>
public interface IBackgroundWork : IAsyncDisposable
{
    /// <summary>Asks for the step to be called until it answers <see cref="StepResult.Idle"/>. Cheap; any
    /// thread.</summary>
    /// <remarks>The step may begin on another thread before this returns, and may be repeated there until nothing is left
    /// to do. So signal only when everything is assigned that the step reaches, also by callbacks: when construction is
    /// complete, as the last thing in opening. Law C18 checks it.</remarks>
    void Signal();

    /// <summary>The exception that stopped the work, or null.</summary>
    Exception? Fault { get; }
}
