namespace Mortise.Components;

/// <summary>A health verdict.</summary>
public enum HealthStatus
{
    /// <summary>Works as promised.</summary>
    Healthy = 1,

    /// <summary>Works, with something a person should look at.</summary>
    Degraded = 2,

    /// <summary>Refuses some or all calls.</summary>
    Failed = 3,
}
