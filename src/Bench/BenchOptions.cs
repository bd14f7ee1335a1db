namespace Mortise.Bench;

/// <summary>What a run measures.</summary>
public sealed class BenchOptions
{
    /// <summary>The folder with the workload's two files.</summary>
    public required string Workload { get; init; }

    /// <summary>An existing folder for the stores; each phase that needs a fresh one makes it within.</summary>
    public required string Scratch { get; init; }

    /// <summary>At most this many events of the workload; null for all.</summary>
    public long? Events { get; init; }

    /// <summary>Events a commit.</summary>
    public int BatchSize { get; init; } = 1000;

    /// <summary>The phases to run, in the order of <see cref="BenchPhase"/>.</summary>
    public IReadOnlySet<BenchPhase> Phases { get; init; } = new HashSet<BenchPhase>(Enum.GetValues<BenchPhase>());

    /// <summary>Reader threads, one pass each.</summary>
    public IReadOnlyList<int> Threads { get; init; } = [1, 2];

    /// <summary>The shortest time of one timed pass over one section: its queries are asked from the first again until then.
    /// What else is done by a processor that is shared changes within tenths of a second.</summary>
    public TimeSpan ShortestPass { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest time of one timed pass over one section.</summary>
    public TimeSpan LongestPass { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>How long the queries of a section are run before they are timed, so that what is timed is compiled as
    /// it stays; rivals are compiled before they start.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>Events that are loaded into a store of their own, for the same reason, before any ingest is
    /// timed.</summary>
    public long WarmUpEvents { get; init; } = 500_000;

    /// <summary>The first so many queries of each section; null for all, which the published digests are of.</summary>
    public int? QueriesPerSection { get; init; }

    /// <summary>Events of the one author whose pages are walked through.</summary>
    public int PagedEvents { get; init; } = 200_000;

    /// <summary>Commits of one event that each committer makes.</summary>
    public int SingleCommits { get; init; } = 2000;
}
