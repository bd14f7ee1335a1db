using System.Runtime.InteropServices;

namespace Mortise.Bench.Measuring;

/// <summary>Time that the current thread has spent on a processor: what a shared machine does to it does not
/// count.</summary>
internal static partial class ThreadClock
{
    private const int ThreadCpuTime = 3;

    /// <summary>Whether the platform tells it.</summary>
    public static bool IsThere { get; } = OperatingSystem.IsLinux();

    /// <summary>Seconds; 0 where the platform does not tell.</summary>
    public static double Seconds
    {
        get
        {
            if (!IsThere || GetTime(ThreadCpuTime, out TimeSpec time) != 0)
            {
                return 0;
            }

            return time.Seconds + (time.Nanoseconds * 1e-9);
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetTime(int clock, out TimeSpec time);

    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
