using Mortise.Bench.Workload;
using Mortise.Engine;
using Mortise.Nostr;

namespace Mortise.Bench;

/// <summary>Loads the workload as single-event commits that no checkpoint covers, copies the files of the running store
/// as a crash would leave them, and opens the copy.</summary>
internal static class RecoveryPhase
{
    // So many commits are in flight that the log is written in groups.
    private const int InFlight = 1000;

    private const string LockName = "lock";

    public static async ValueTask<OpenResult> RunAsync(
        BenchStores open, string folder, WorkloadFile workload, QuerySection points, CancellationToken cancellation)
    {
        string live = Path.Combine(folder, "live");
        string crashed = Path.Combine(folder, "crashed");
        Directory.CreateDirectory(live);
        EventStore store = await open(live, SyncMode.Never, false)().ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            var tags = new TagListWriter();
            var waiting = new List<Task<PutResult>>(InFlight);
            long position = 0;
            for (long left = workload.Count; left > 0; left--)
            {
                waiting.Add(store.PutAsync(workload.Read(ref position).ToEvent(tags), cancellation).AsTask());
                if (waiting.Count == InFlight || left == 1)
                {
                    await Task.WhenAll(waiting).ConfigureAwait(false);
                    waiting.Clear();
                }
            }

            Copy(live, crashed);
        }

        return await OpenPhase.RunAsync(open, crashed, "after a crash, all in the log", points).ConfigureAwait(false);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string folder in Directory.EnumerateDirectories(from))
        {
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        }

        foreach (string file in Directory.EnumerateFiles(from))
        {
            // Held by the running store, and worth nothing after a crash.
            if (Path.GetFileName(file) == LockName)
            {
                continue;
            }

            using var source = new FileStream(
                file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using FileStream target = File.Create(Path.Combine(to, Path.GetFileName(file)));
            source.CopyTo(target);
        }
    }
}
