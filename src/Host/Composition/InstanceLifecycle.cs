namespace Mortise.Host.Composition;

/// <summary>How far an instance of a component has come. Its role is registered, configured and validated
/// before.</summary>
public enum InstanceState
{
    /// <summary>Its plugin has been asked to open it.</summary>
    Opening = 1,

    /// <summary>It is open.</summary>
    Open = 2,

    /// <summary>It did not open: it threw, or took too long.</summary>
    Failed = 3,

    /// <summary>It is closed.</summary>
    Closed = 4,

    /// <summary>Everything that it is opened with is there; its plugin has not been asked yet.</summary>
    Configured = 5,

    /// <summary>Nothing new begins to use it; it is closed when the last one who does has ended.</summary>
    Draining = 6,
}

/// <summary>Something was asked of an instance that its state does not allow.</summary>
public sealed class LifecycleException : InvalidOperationException
{
    internal LifecycleException(string instance, InstanceState from, InstanceState? to, string message)
        : base(message)
    {
        Instance = instance;
        From = from;
        To = to;
    }

    /// <summary>The instance's name.</summary>
    public string Instance { get; }

    /// <summary>The state that it was in, and still is.</summary>
    public InstanceState From { get; }

    /// <summary>The state that it should have come to; null when something else was asked of it.</summary>
    public InstanceState? To { get; }
}

/// <summary>The states of one instance and the ways between them.</summary>
/// <remarks>
/// <code>
/// Configured -> Opening -> Open -> Draining -> Closed
///      |           |                              |
///      |           +----> Failed ---------------->|
///      +----------------------------------------->|
/// </code>
/// Draining twice and closing twice are in order, and so is closing what never opened. Every other way is refused.
/// Threads: any.
/// </remarks>
internal sealed class InstanceLifecycle(string instance)
{
    private readonly Lock _gate = new();
    private InstanceState _state = InstanceState.Configured;

    /// <summary>Where it is now.</summary>
    public InstanceState State
    {
        get
        {
            lock (_gate)
            {
                return _state;
            }
        }
    }

    /// <summary>True when an instance may come from one state to another.</summary>
    public static bool IsAllowed(InstanceState from, InstanceState to) => (from, to) switch
    {
        (InstanceState.Configured, InstanceState.Opening or InstanceState.Closed) => true,
        (InstanceState.Opening, InstanceState.Open or InstanceState.Failed) => true,
        (InstanceState.Open, InstanceState.Draining) => true,
        (InstanceState.Draining, InstanceState.Draining or InstanceState.Closed) => true,
        (InstanceState.Failed, InstanceState.Closed) => true,
        (InstanceState.Closed, InstanceState.Closed) => true,
        _ => false,
    };

    /// <summary>Comes to another state.</summary>
    /// <exception cref="LifecycleException">There is no such way; nothing has changed.</exception>
    public void MoveTo(InstanceState next)
    {
        lock (_gate)
        {
            if (!IsAllowed(_state, next))
            {
                throw new LifecycleException(
                    instance, _state, next, $"{instance} is {Word(_state)} and cannot become {Word(next)}");
            }

            _state = next;
        }
    }

    /// <summary>Refuses what only an instance may do that is opening, open or draining.</summary>
    /// <param name="what">What it does: <c>set a timer</c>.</param>
    /// <exception cref="LifecycleException">It is in another state.</exception>
    public void RequireAlive(string what)
    {
        InstanceState state = State;
        if (state is not (InstanceState.Opening or InstanceState.Open or InstanceState.Draining))
        {
            throw new LifecycleException(instance, state, null, $"{instance} is {Word(state)} and cannot {what}");
        }
    }

    private static string Word(InstanceState state) => state.ToString().ToLowerInvariant();
}
