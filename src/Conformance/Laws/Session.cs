using Mortise.Components;

namespace Mortise.Conformance;

/// <summary>What all sessions have in common.</summary>
internal static class Session
{
    /// <summary>The name and directory of the component under test.</summary>
    public const string InstanceName = "subject";
}

/// <summary>One opened component in one simulated process.</summary>
internal sealed class Session<T> : IDisposable
    where T : class, IStorageComponent
{
    public Session(ComponentSubject<T> subject, SimWorld world)
    {
        World = world;
        world.Cache ??= subject.Cache?.Invoke();
        Component = world.Background.Complete(
            subject.OpenIn(world, Session.InstanceName, CancellationToken.None));
        world.Background.AfterCall();
    }

    public SimWorld World { get; }

    public T Component { get; }

    /// <summary>Runs a task of the component, with the background work it waits for.</summary>
    public void Complete(ValueTask task)
    {
        World.Background.Complete(task);
        World.Background.AfterCall();
    }

    /// <summary>Closes in order; a process whose power is gone closes nothing.</summary>
    public void Dispose()
    {
        if (!World.Disk.IsOff)
        {
            World.Background.Complete(Component.DisposeAsync());
        }
    }
}
