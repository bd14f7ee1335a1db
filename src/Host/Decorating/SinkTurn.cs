namespace Mortise.Host.Decorating;

/// <summary>Whether a sink may be called: not after it said stop, and not after it threw.</summary>
internal struct SinkTurn
{
    /// <summary>True once the sink has answered false.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>True while the sink has the call, and for good when it threw.</summary>
    public bool IsInside { get; private set; }

    /// <summary>The sink is about to be called.</summary>
    /// <returns>False when it must not be.</returns>
    public bool Begin() => !IsStopped && !IsInside && (IsInside = true);

    /// <summary>The sink has answered.</summary>
    public bool End(bool goesOn)
    {
        IsInside = false;
        IsStopped = !goesOn;
        return goesOn;
    }
}
