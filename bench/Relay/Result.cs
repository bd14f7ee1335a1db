using System.Globalization;

namespace Mortise.Bench.Relay;

/// <summary>A rate and two quantiles.</summary>
internal readonly record struct Result(double PerSecond, double P50, double P99, int Accepted, double CpuMicroseconds)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{PerSecond:0} /s, {Accepted} accepted, OK p50 {P50:0.00} ms, p99 {P99:0.00} ms, ")
        + string.Create(CultureInfo.InvariantCulture, $"{CpuMicroseconds:0} us of CPU an event, client included");
}
