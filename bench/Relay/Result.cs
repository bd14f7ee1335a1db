using System.Globalization;

namespace Mortise.Bench.Relay;

/// <summary>A rate, two quantiles, and what an event costs.</summary>
internal readonly record struct Result(
    double PerSecond, double P50, double P99, int Accepted, double CpuMicroseconds, double? CompilerMicroseconds = null)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{PerSecond:0} /s, {Accepted} accepted, OK p50 {P50:0.00} ms, p99 {P99:0.00} ms, ")
        + string.Create(CultureInfo.InvariantCulture, $"{CpuMicroseconds:0} us of CPU an event, client included")
        + (CompilerMicroseconds is { } compiler
            ? string.Create(CultureInfo.InvariantCulture, $", {compiler:0.0} of them the compiler's")
            : "");
}
