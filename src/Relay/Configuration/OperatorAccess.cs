namespace Mortise.Relay;

/// <summary>Who may see the dashboard and the metrics.</summary>
public enum OperatorAccess
{
    /// <summary>Programs on this machine; requests that a proxy has forwarded are not.</summary>
    Loopback = 1,

    /// <summary>Everybody.</summary>
    Everyone = 2,

    /// <summary>Nobody: there is none.</summary>
    Nobody = 3,
}
