namespace Mortise.Components;

/// <summary>How a component is.</summary>
/// <param name="Status">The verdict.</param>
/// <param name="Reason">A lower-case fact for a person; empty when healthy.</param>
public readonly record struct ComponentHealth(HealthStatus Status, string Reason)
{
    /// <summary>Nothing to report.</summary>
    public static ComponentHealth Healthy => new(HealthStatus.Healthy, "");
}
