using System.Diagnostics;
using System.Runtime.InteropServices;
using Mortise.Conformance.Reports;

namespace Mortise.Conformance.Running;

/// <summary>How slow this machine is, so that limits can be stretched by it.</summary>
/// <remarks>Processor time, not time on the clock, and the best of several tries: other work on the machine hardly
/// changes it.</remarks>
internal static class MachineFactor
{
    private const int Tries = 3;
    private const int Rounds = 4_000_000;

    // What the yardstick took on the machine that the limits were chosen on (a 2-core x64 server of 2024), rounded up.
    private const double ReferenceMilliseconds = 40;

    /// <summary>At least 1; 3 for a machine that is three times as slow as the one that the limits were chosen
    /// on.</summary>
    public static double Measure()
    {
        double best = double.MaxValue;
        for (int i = 0; i < Tries; i++)
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            Work();
            best = Math.Min(best, (Environment.CpuUsage.TotalTime - before).TotalMilliseconds);
        }

        return Math.Max(1, best / ReferenceMilliseconds);
    }

    /// <summary>The machine as reports show it.</summary>
    public static MachineFacts Describe(double factor) => new(
        RuntimeInformation.OSDescription,
        RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
        Environment.ProcessorCount,
        RuntimeInformation.FrameworkDescription,
        factor);

    private static void Work()
    {
        // Hashing and dictionary look-ups: what laws do most of the time.
        Dictionary<ulong, ulong> map = [];
        ulong seed = 1;
        for (int i = 0; i < Rounds; i++)
        {
            seed = Seeds.Derive(seed, (ulong)i);
            map[seed & 0xFFFF] = seed;
        }

        GC.KeepAlive(map);
        Debug.Assert(map.Count > 0, "the yardstick did nothing");
    }
}
