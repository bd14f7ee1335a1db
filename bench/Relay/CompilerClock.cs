using System.Globalization;

namespace Mortise.Bench.Relay;

/// <summary>Processor time of the runtime's thread that compiles warm methods anew: with all processors busy it takes from
/// what is measured, and is over some time after the start.</summary>
internal static class CompilerClock
{
    private const string Tasks = "/proc/self/task";
    private const string Name = ".NET Tiered Com";

    /// <summary>Microseconds up to now; null where the system does not tell.</summary>
    public static double? Microseconds
    {
        get
        {
            if (!Directory.Exists(Tasks))
            {
                return null;
            }

            double nanoseconds = 0;
            foreach (string task in Directory.EnumerateDirectories(Tasks))
            {
                try
                {
                    if (File.ReadAllText($"{task}/comm").Trim() == Name)
                    {
                        nanoseconds += double.Parse(
                            File.ReadAllText($"{task}/schedstat").Split(' ')[0], CultureInfo.InvariantCulture);
                    }
                }
                catch (IOException)
                {
                    // The thread has ended.
                }
            }

            return nanoseconds / 1_000;
        }
    }
}
