namespace Mortise.Bench;

/// <summary>What a run measured. Times are wall clock unless a name says processor.</summary>
public sealed class BenchResult
{
    /// <summary>Events of the workload that were used.</summary>
    public required long Events { get; init; }

    /// <summary>The workload's seed.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Bytes of the bodies of these events, before any encoding.</summary>
    public required long BodyBytes { get; init; }

    /// <summary>One a phase of ingest.</summary>
    public IList<IngestResult> Ingest { get; } = [];

    /// <summary>One a number of committers.</summary>
    public IList<CommitResult> Commits { get; } = [];

    /// <summary>One an open.</summary>
    public IList<OpenResult> Opens { get; } = [];

    /// <summary>One a section.</summary>
    public IList<QueryResult> Queries { get; } = [];

    /// <summary>What the process holds after the queries; null without them.</summary>
    public MemoryResult? Memory { get; set; }

    /// <summary>The walk through pages; null without it.</summary>
    public PagingResult? Paging { get; set; }

    /// <summary>A reader beside writers, the slowest first.</summary>
    public IList<BesideResult> Beside { get; } = [];
}

/// <summary>Ingest in batches.</summary>
/// <param name="Mode">durable or relaxed.</param>
/// <param name="EventsPerSecond">Over the whole load.</param>
/// <param name="SecondHalf">Over its second half: a store that slows down as it grows shows it here.</param>
/// <param name="WithCheckpoint">Over the load and the checkpoint at its end.</param>
/// <param name="WithPack">Over the load, the checkpoint, and the packing of all indexes after it.</param>
/// <param name="CpuMicroseconds">Processor time an event, all threads.</param>
/// <param name="BatchP50">Median of a batch, milliseconds.</param>
/// <param name="BatchP99">Of a batch, milliseconds.</param>
/// <param name="BatchMax">Of a batch, milliseconds.</param>
/// <param name="BytesPerEvent">Of all files of the closed store, after packing.</param>
/// <param name="AllocatedPerEvent">Managed bytes that the load allocated, an event.</param>
/// <param name="WriteAmplification">Bytes handed to the block layer, a byte of body; 0 when unknown.</param>
/// <param name="DiskByPart">Bytes of files by the folder of each part.</param>
/// <param name="AnonymousBytes">The process's own memory at the end.</param>
public sealed record IngestResult(
    string Mode,
    double EventsPerSecond,
    double SecondHalf,
    double WithCheckpoint,
    double WithPack,
    double CpuMicroseconds,
    double BatchP50,
    double BatchP99,
    double BatchMax,
    double BytesPerEvent,
    double AllocatedPerEvent,
    double WriteAmplification,
    IReadOnlyDictionary<string, long> DiskByPart,
    long AnonymousBytes);

/// <summary>Durable commits of one event.</summary>
/// <param name="Committers">How many commit at once.</param>
/// <param name="EventsPerSecond">All together.</param>
/// <param name="P50">Median of a commit, microseconds.</param>
/// <param name="P99">Of a commit, microseconds.</param>
public sealed record CommitResult(int Committers, double EventsPerSecond, double P50, double P99);

/// <summary>An open of the store.</summary>
/// <param name="What">What was opened.</param>
/// <param name="Composing">Reading the stack, checking, loading and making its plugins, milliseconds.</param>
/// <param name="Milliseconds">Opening, the plugins being there already.</param>
/// <param name="FirstQuery">The first lookup after it, milliseconds.</param>
/// <param name="LogRecords">Records replayed from the log.</param>
public sealed record OpenResult(string What, double Composing, double Milliseconds, double FirstQuery, long LogRecords);

/// <summary>A section of queries.</summary>
/// <param name="Section">Its name.</param>
/// <param name="Digest">Of all results in order, hexadecimal.</param>
/// <param name="Rows">Results in the whole section.</param>
/// <param name="AllocatedPerQuery">Managed bytes a query in the first pass, in which caches and pools are
/// filled.</param>
/// <param name="Passes">One a number of threads.</param>
public sealed record QueryResult(
    string Section, string Digest, long Rows, double AllocatedPerQuery, IReadOnlyList<QueryPass> Passes);

/// <summary>A timed pass over a section.</summary>
/// <param name="Threads">Readers at once.</param>
/// <param name="PerSecond">Queries a second of wall clock, all threads together.</param>
/// <param name="PerCpuSecond">Queries a second of processor time, summed over the threads.</param>
/// <param name="P50">Median of a query, microseconds.</param>
/// <param name="P99">Of a query, microseconds.</param>
/// <param name="AllocatedPerQuery">Managed bytes a query, of all threads.</param>
public sealed record QueryPass(
    int Threads, double PerSecond, double PerCpuSecond, double P50, double P99, double AllocatedPerQuery);

/// <summary>Memory.</summary>
/// <param name="AnonymousBytes">The process's own, that is no file: with the page cache, which has a budget.</param>
/// <param name="ManagedBytes">Of it what lives on the managed heap, after a collection.</param>
public sealed record MemoryResult(long AnonymousBytes, long ManagedBytes);

/// <summary>A walk through all events of one author and kind.</summary>
/// <param name="Events">How many there are.</param>
/// <param name="PageEvents">How many a page has.</param>
/// <param name="FirstPages">Median of the first pages, microseconds of processor.</param>
/// <param name="LastPages">Median of the last pages, microseconds of processor.</param>
public sealed record PagingResult(int Events, int PageEvents, double FirstPages, double LastPages);

/// <summary>One reader alone and beside a writer.</summary>
/// <param name="Section">What it asks.</param>
/// <param name="Alone">Queries a second of its processor time.</param>
/// <param name="Beside">The same while events are stored.</param>
/// <param name="Written">Events stored a second meanwhile.</param>
public sealed record BesideResult(string Section, double Alone, double Beside, double Written);
