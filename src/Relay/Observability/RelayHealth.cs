using Mortise.Components;
using Mortise.Engine;

namespace Mortise.Relay;

/// <summary>How a relay and each part of its stack are.</summary>
/// <param name="Parts">The parts, each with its verdict and the reason.</param>
/// <param name="IsReady">Whether it should be sent clients.</param>
internal sealed record RelayHealth(IReadOnlyList<(string Name, ComponentHealth Health)> Parts, bool IsReady)
{
    /// <summary>The worst of the verdicts.</summary>
    public HealthStatus Status => Parts.Max(static p => p.Health.Status);

    public static RelayHealth Of(NostrRelay relay, EngineStatistics statistics)
    {
        var parts = new List<(string, ComponentHealth)>
        {
            ("relay", OfRelay(relay)),
            ("store", relay.Store.Engine.FaultCause is { } cause
                ? new ComponentHealth(HealthStatus.Failed, $"refuses writes until it is reopened: {cause.Message}")
                : ComponentHealth.Healthy),
        };
        foreach (string name in (string[])["wal", "records", .. statistics.Families.Select(static f => $"indexes/{f.Name}")])
        {
            ComponentHealth worst = statistics.Unhealthy
                .Where(u => u.Instance == name || u.Instance.StartsWith(name + "/", StringComparison.Ordinal))
                .Select(static u => u.Health)
                .DefaultIfEmpty(ComponentHealth.Healthy)
                .MaxBy(static h => h.Status);
            parts.Add((name, worst));
        }

        bool isReady = !relay.IsStopping && parts.TrueForAll(static p => p.Item2.Status != HealthStatus.Failed);
        return new RelayHealth(parts, isReady);
    }

    private static ComponentHealth OfRelay(NostrRelay relay) =>
        relay.IsStopping ? new ComponentHealth(HealthStatus.Degraded, "is shutting down")
        : relay.Connections.Count >= relay.Options.Limits.MaxConnections
            ? new ComponentHealth(HealthStatus.Degraded, "has as many connections as it takes")
        : relay.Outgoing.IsExceeded
            ? new ComponentHealth(HealthStatus.Degraded, "has too much waiting for slow readers")
        : ComponentHealth.Healthy;
}
