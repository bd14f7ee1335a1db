using Microsoft.Extensions.Diagnostics.HealthChecks;
using Mortise.Components;
using Mortise.Engine;

namespace Mortise.Host.Composition;

/// <summary>A store and each part of it as one check of a program's health.</summary>
/// <param name="find">Gives the store's engine; what it throws is the verdict.</param>
internal sealed class StoreHealthCheck(Func<StoreEngine> find) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        StoreEngine engine = find();
        IReadOnlyList<(string Instance, ComponentHealth Health)> unhealthy = engine.GetStatistics().Unhealthy;
        var data = unhealthy.ToDictionary(static u => u.Instance, static u => (object)u.Health.Reason);
        if (engine.FaultCause is { } cause)
        {
            return Result(HealthCheckResult.Unhealthy(
                $"the store refuses writes until it is reopened: {cause.Message}", cause, data));
        }

        string reasons = string.Join("; ", unhealthy.Select(static u => $"{u.Instance}: {u.Health.Reason}"));
        return unhealthy.Count == 0
            ? Result(HealthCheckResult.Healthy())
            : unhealthy.Any(static u => u.Health.Status == Components.HealthStatus.Failed)
                ? Result(HealthCheckResult.Unhealthy(reasons, null, data))
                : Result(HealthCheckResult.Degraded(reasons, null, data));
    }

    private static Task<HealthCheckResult> Result(HealthCheckResult result) => Task.FromResult(result);
}
