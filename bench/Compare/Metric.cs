namespace Mortise.Bench.Compare;

/// <summary>A quantity that engines are compared by.</summary>
/// <param name="Name">In the samples.</param>
/// <param name="Title">For people.</param>
/// <param name="Unit">For people.</param>
/// <param name="MoreIsBetter">False where less is better.</param>
internal sealed record Metric(string Name, string Title, string Unit, bool MoreIsBetter)
{
    public static string[] Sections { get; } =
        ["point_hit", "point_miss", "author20", "kind500", "tag100", "merge100x100"];

    public static Metric[] All { get; } =
    [
        new("durable", "ingest, each batch of 1000 durable", "events/s", true),
        new("durable_half", "ingest durable, second half", "events/s", true),
        new("durable_packed", "ingest durable, then settled", "events/s", true),
        new("relaxed", "ingest, relaxed", "events/s", true),
        new("commit", "one event a durable commit", "events/s", true),
        new("bytes", "disk", "B/event", false),
        new("open", "open and first lookup", "ms", false),
        .. Sections.Select(static s => new Metric(s, s + ", 1 thread", "queries/s of processor", true)),
        .. Sections.Select(static s => new Metric(s + "_p50", s + ", median", "us", false)),
        .. Sections.Select(static s => new Metric(s + "_p99", s + ", p99", "us", false)),
        .. Sections.Select(static s => new Metric(s + "_2", s + ", 2 threads", "queries/s of processor", true)),
    ];
}
