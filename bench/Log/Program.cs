using Mortise.Host.Files;

namespace Mortise.Bench.Log;

/// <summary>Measures the log and recovery beside what the device gives, in the same run.</summary>
/// <remarks>
/// <c>dotnet run -c Release --project bench/Log -- [latency|group|replay|all] [--events N] [--in DIRECTORY]</c>. Subjects
/// that are compared take turns, block by block, so that all of them see the same machine.
/// </remarks>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        string what = args.Length > 0 && !args[0].StartsWith('-') ? args[0] : "all";
        int events = int.Parse(Option(args, "--events") ?? "1000000");
        string root = Path.Combine(
            Option(args, "--in") ?? Path.GetTempPath(), $"mortise-bench-log-{Environment.ProcessId}");
        Directory.CreateDirectory(root);
        try
        {
            var directory = PosixDirectory.OpenRoot(root);
            if (what is "all" or "latency")
            {
                await Latency.RunAsync(directory);
            }

            if (what is "all" or "group")
            {
                await GroupCommit.RunAsync(directory);
            }

            if (what is "all" or "replay")
            {
                await Replay.RunAsync(root, events);
            }

            return 0;
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static string? Option(string[] args, string name) =>
        Array.IndexOf(args, name) is >= 0 and int at && at + 1 < args.Length ? args[at + 1] : null;
}
