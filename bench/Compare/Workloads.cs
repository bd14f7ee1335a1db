using System.Globalization;
using Mortise.Bench.Workload;

namespace Mortise.Bench.Compare;

/// <summary>The workload's files, made once a size.</summary>
internal static class Workloads
{
    private const ulong Seed = 42;

    public static string Make(string scratch, long events)
    {
        string folder = Path.Combine(scratch, string.Create(CultureInfo.InvariantCulture, $"workload-{events}"));
        string done = Path.Combine(folder, "done");
        if (!File.Exists(done))
        {
            Directory.CreateDirectory(folder);
            WorkloadGenerator.Write(folder, events, Seed);
            File.WriteAllText(done, "");
        }

        return folder;
    }
}
