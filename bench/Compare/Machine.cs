using System.Globalization;
using System.Runtime.InteropServices;

namespace Mortise.Bench.Compare;

/// <summary>Where a measurement was taken.</summary>
internal static class Machine
{
    public static string Describe()
    {
        string processor = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo")
                .FirstOrDefault(static l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
                ?? "unknown processor"
            : "unknown processor";
        double gib = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} x {processor}, {gib:F0} GiB, {RuntimeInformation.OSDescription}, "
            + $"{RuntimeInformation.FrameworkDescription}, {Load()}");
    }

    private static string Load() => File.Exists("/proc/loadavg")
        ? "load " + File.ReadAllText("/proc/loadavg").Split(' ')[0]
        : "load unknown";
}
