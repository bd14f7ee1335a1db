using Mortise.Bench.Measuring;
using Mortise.Bench.Workload;
using Mortise.Engine;
using Mortise.Nostr;

namespace Mortise.Bench;

/// <summary>Runs the phases on one workload.</summary>
/// <param name="open">The stack under test.</param>
/// <param name="options">What to measure.</param>
public sealed class BenchRun(BenchStores open, BenchOptions options)
{
    /// <summary>Untimed passes of as many committers as are timed at most, so that commits are compiled as they stay.</summary>
    private const int CommitWarmUps = 2;

    private static readonly int[] s_committers = [1, 16, 64];

    private readonly string _main = Path.Combine(options.Scratch, "store");

    /// <summary>Runs.</summary>
    /// <param name="progress">Told of each step as it begins.</param>
    /// <param name="cancellation">Stops between operations.</param>
    /// <exception cref="InvalidDataException">A file of the workload is not what it should be, or the stack did not
    /// store an event.</exception>
    public async ValueTask<BenchResult> RunAsync(IProgress<string>? progress, CancellationToken cancellation)
    {
        using WorkloadFile workload = WorkloadFile.Open(options.Workload, options.Events);
        IReadOnlyList<QuerySection> sections = QueryFile.Read(options.Workload, options.QueriesPerSection);
        QuerySection points = sections.First(static s => s.Shape == QueryShape.PointHit);
        var result = new BenchResult
        {
            Events = workload.Count,
            Seed = workload.Seed,
            BodyBytes = workload.BodyBytes,
        };
        await IngestAsync(workload, result, progress, cancellation).ConfigureAwait(false);
        if (Wants(BenchPhase.Commits))
        {
            progress?.Report("warming up");
            string warm = Path.Combine(options.Scratch, "warm");
            for (int pass = 0; pass < CommitWarmUps; pass++)
            {
                _ = await CommitPhase.RunAsync(
                    open, warm, workload, s_committers[^1], options.SingleCommits, cancellation).ConfigureAwait(false);
                Directory.Delete(warm, recursive: true);
            }

            foreach (int committers in s_committers)
            {
                progress?.Report($"durable commits of one event, {committers} at once");
                string folder = Path.Combine(options.Scratch, $"single-{committers}");
                result.Commits.Add(await CommitPhase.RunAsync(
                    open, folder, workload, committers, options.SingleCommits, cancellation).ConfigureAwait(false));
                Directory.Delete(folder, recursive: true);
            }
        }

        if (Wants(BenchPhase.Open))
        {
            progress?.Report("opening");
            await EnsureLoadedAsync(workload, cancellation).ConfigureAwait(false);
            result.Opens.Add(await OpenPhase.RunAsync(open, _main, "first in the process", points)
                .ConfigureAwait(false));
            result.Opens.Add(await OpenPhase.RunAsync(open, _main, "again", points).ConfigureAwait(false));
        }

        if (Wants(BenchPhase.Queries))
        {
            await EnsureLoadedAsync(workload, cancellation).ConfigureAwait(false);
            EventStore store = await open(_main, SyncMode.Batch, true)().ConfigureAwait(false);
            await using (store.ConfigureAwait(false))
            {
                foreach (QuerySection section in sections)
                {
                    progress?.Report($"queries: {section.Name}");
                    result.Queries.Add(
                        QueryPhase.Run(
                            store, section, options.Threads, (options.ShortestPass, options.LongestPass), options.WarmUp,
                            cancellation));
                }

                long managed = GC.GetTotalMemory(forceFullCollection: true);
                result.Memory = new MemoryResult(ProcessUse.AnonymousBytes, managed);
            }
        }

        if (Wants(BenchPhase.Recovery))
        {
            progress?.Report("recovery");
            string folder = Path.Combine(options.Scratch, "recovery");
            result.Opens.Add(await RecoveryPhase.RunAsync(open, folder, workload, points, cancellation)
                .ConfigureAwait(false));
            Directory.Delete(folder, recursive: true);
        }

        if (Wants(BenchPhase.Paging))
        {
            progress?.Report("pages");
            string folder = Path.Combine(options.Scratch, "pages");
            result.Paging = await PagingPhase.RunAsync(open, folder, options.PagedEvents, cancellation)
                .ConfigureAwait(false);
            Directory.Delete(folder, recursive: true);
        }

        if (Wants(BenchPhase.Beside))
        {
            await BesideAsync(workload, sections, result, progress, cancellation).ConfigureAwait(false);
        }

        return result;
    }

    private async ValueTask BesideAsync(
        WorkloadFile workload,
        IReadOnlyList<QuerySection> sections,
        BenchResult result,
        IProgress<string>? progress,
        CancellationToken cancellation)
    {
        await EnsureLoadedAsync(workload, cancellation).ConfigureAwait(false);
        EventStore store = await open(_main, SyncMode.Batch, true)().ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            // What is written for one section is not new in the next: one is enough, and its lookups compile all of it.
            QuerySection section = sections.First(static s => s.Shape == QueryShape.Author);
            progress?.Report($"beside a writer: {section.Name}");
            _ = QueryPhase.PerCpuSecond(store, section, options.WarmUp, cancellation);
            foreach (BesideResult beside in await BesidePhase
                .RunAsync(store, section, workload, options.LongestPass, cancellation).ConfigureAwait(false))
            {
                result.Beside.Add(beside);
            }
        }
    }

    private async ValueTask IngestAsync(
        WorkloadFile workload, BenchResult result, IProgress<string>? progress, CancellationToken cancellation)
    {
        if (options.WarmUpEvents > 0 && (Wants(BenchPhase.Relaxed) || Wants(BenchPhase.Durable)))
        {
            progress?.Report("warming up");
            string folder = Path.Combine(options.Scratch, "warm");
            using WorkloadFile first = WorkloadFile.Open(options.Workload, Math.Min(options.WarmUpEvents, workload.Count));
            _ = await IngestPhase.RunAsync(
                open, folder, SyncMode.Never, first, options.BatchSize, checkpoints: true, cancellation)
                .ConfigureAwait(false);
            Directory.Delete(folder, recursive: true);
        }

        if (Wants(BenchPhase.Relaxed))
        {
            progress?.Report("ingest, relaxed");
            string folder = Path.Combine(options.Scratch, "relaxed");
            result.Ingest.Add(await IngestPhase.RunAsync(
                open, folder, SyncMode.Never, workload, options.BatchSize, checkpoints: true, cancellation)
                .ConfigureAwait(false));
            Directory.Delete(folder, recursive: true);
        }

        if (Wants(BenchPhase.Durable))
        {
            progress?.Report("ingest, durable");
            result.Ingest.Add(await IngestPhase.RunAsync(
                open, _main, SyncMode.Always, workload, options.BatchSize, checkpoints: true, cancellation)
                .ConfigureAwait(false));
        }
    }

    private async ValueTask EnsureLoadedAsync(WorkloadFile workload, CancellationToken cancellation)
    {
        if (!Directory.Exists(_main))
        {
            _ = await IngestPhase.RunAsync(
                open, _main, SyncMode.Never, workload, options.BatchSize, checkpoints: true, cancellation)
                .ConfigureAwait(false);
        }
    }

    private bool Wants(BenchPhase phase) => options.Phases.Contains(phase);
}
