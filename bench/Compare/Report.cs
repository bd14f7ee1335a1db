using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Mortise.Bench.Compare;

/// <summary>One table of medians, spreads and ratios, and the same as JSON and as a picture.</summary>
internal sealed class Report(Settings settings, string machine, IReadOnlyList<string> engines, Samples samples)
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };

    /// <summary>Whether every engine that finished a section answered it alike.</summary>
    public bool AllAgree => Metric.Sections.All(section =>
        engines.SelectMany(engine => samples.Of(engine, "digest:" + section)).Distinct().Count() <= 1);

    public string Table()
    {
        var text = new StringBuilder();
        text.Append("| | ").AppendJoin(" | ", engines).AppendLine(" | best rival / mortise |");
        text.Append("| --- |").AppendJoin("", engines.Select(static _ => " ---: |")).AppendLine(" ---: |");
        foreach (Metric metric in Metric.All)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {metric.Title}, {metric.Unit} | ")
                .AppendJoin(" | ", engines.Select(engine => Cell(engine, metric)))
                .Append(CultureInfo.InvariantCulture, $" | {Ratio(metric)} |").AppendLine();
        }

        text.AppendLine().AppendLine(AllAgree
            ? "All engines gave the same results in the same order in every section they finished."
            : "THE ENGINES DO NOT AGREE: see the digests in the JSON.");
        return text.ToString();
    }

    public string Document() => string.Create(CultureInfo.InvariantCulture, $"""
        # Beside its rivals

        Written by
        `bench/run --events {settings.Events} --rounds {settings.Rounds} --seconds {settings.Seconds} --write`.
        {settings.Events:N0} events, seed 42; medians of {settings.Rounds} rounds in which the engines took turns, with
        the lowest and highest in brackets. Batches of 1000; durable: synced before the next batch, on all sides.
        Every query takes its own snapshot and copies whole records. Machine: {machine}.

        The last column says how many times better (above 1) or worse than the best rival the store is.

        {Table()}
        ![ratios to the best rival](comparison.svg)

        """);

    public string Json() => JsonSerializer.Serialize(
        new
        {
            settings.Events,
            settings.Rounds,
            settings.Seconds,
            Machine = machine,
            Agree = AllAgree,
            Metrics = Metric.All.Select(metric => new
            {
                metric.Name,
                metric.Unit,
                Values = engines.ToDictionary(static engine => engine, engine => samples.Of(engine, metric.Name)),
            }),
        },
        s_json) + "\n";

    public string Picture() => RatioBars.Draw(
        [.. Metric.All.Select(metric => (metric.Title, Advantage(metric))).Where(static bar => bar.Item2 is not null)
            .Select(static bar => (bar.Title, bar.Item2!.Value))]);

    private string Cell(string engine, Metric metric)
    {
        IReadOnlyList<double> values = samples.Of(engine, metric.Name);
        return values.Count == 0
            ? "-"
            : values.Count == 1
                ? Number(values[0])
                : $"{Number(samples.Median(engine, metric.Name)!.Value)} ({Number(values[0])}-{Number(values[^1])})";
    }

    private string Ratio(Metric metric) =>
        Advantage(metric) is { } ratio ? ratio.ToString("0.00", CultureInfo.InvariantCulture) + "x" : "-";

    /// <summary>How many times better than the best rival; null without rivals.</summary>
    private double? Advantage(Metric metric)
    {
        double? own = samples.Median(engines[0], metric.Name);
        var others = engines.Skip(1).Select(engine => samples.Median(engine, metric.Name)).OfType<double>().ToList();
        return own is null || others.Count == 0
            ? null
            : metric.MoreIsBetter ? own / others.Max() : others.Min() / own;
    }

    private static string Number(double value) => value switch
    {
        >= 1000 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.00", CultureInfo.InvariantCulture),
    };
}
