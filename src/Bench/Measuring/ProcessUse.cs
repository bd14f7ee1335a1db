using System.Diagnostics;
using System.Globalization;

namespace Mortise.Bench.Measuring;

/// <summary>What the process has used so far.</summary>
internal static class ProcessUse
{
    /// <summary>Seconds of all processors.</summary>
    public static double CpuSeconds => Environment.CpuUsage.TotalTime.TotalSeconds;

    /// <summary>Bytes of memory that are no file: the process's own. The whole working set where the platform does not
    /// tell.</summary>
    public static long AnonymousBytes => Status("RssAnon:") ?? Environment.WorkingSet;

    /// <summary>The most memory held so far, with mapped files.</summary>
    public static long PeakBytes => Status("VmHWM:") ?? Process.GetCurrentProcess().PeakWorkingSet64;

    /// <summary>Bytes handed to the block layer so far; 0 where the platform does not tell.</summary>
    public static long WrittenBytes => Line("/proc/self/io", "write_bytes:") ?? 0;

    private static long? Status(string name) => Line("/proc/self/status", name) * 1024;

    private static long? Line(string file, string name)
    {
        if (!File.Exists(file))
        {
            return null;
        }

        foreach (string line in File.ReadLines(file))
        {
            if (line.StartsWith(name, StringComparison.Ordinal))
            {
                string number = line[name.Length..].Replace("kB", "", StringComparison.Ordinal).Trim();
                return long.Parse(number, CultureInfo.InvariantCulture);
            }
        }

        return null;
    }
}
