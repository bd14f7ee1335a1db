using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Mortise.Bench.Compare;

/// <summary>How cost grows with the number of events: the same measurements at each size.</summary>
internal sealed class Growth
{
    private static readonly (string Metric, string Title)[] s_plotted =
    [
        ("durable", "durable ingest, events/s"),
        ("point_hit_p50", "point lookup, median us"),
        ("author20_p50", "author feed, median us"),
        ("tag100_p50", "tag, median us"),
        ("bytes", "disk, B/event"),
        ("open", "open and first lookup, ms"),
    ];

    private readonly SortedDictionary<long, Dictionary<string, double>> _sizes = [];

    /// <summary>Takes up the sizes that an earlier run wrote; one that is measured again replaces its own.</summary>
    public void Resume(string json)
    {
        foreach ((string size, Dictionary<string, double> values) in
            JsonSerializer.Deserialize<Dictionary<string, Dictionary<string, double>>>(json)!)
        {
            _sizes[long.Parse(size, CultureInfo.InvariantCulture)] = values;
        }
    }

    /// <summary>Measures one size.</summary>
    public void Measure(Subject subject, long events, string scratch, Settings settings)
    {
        string workload = Workloads.Make(scratch, events);
        var values = new Dictionary<string, double>();
        foreach ((string metric, double value) in subject.Measure(workload, scratch, settings with { Events = events }))
        {
            values[metric] = value;
        }

        _sizes[events] = values;
    }

    public string Table()
    {
        var text = new StringBuilder("| events | ");
        text.AppendJoin(" | ", s_plotted.Select(static p => p.Title)).AppendLine(" |");
        text.Append("| ---: |").AppendJoin("", s_plotted.Select(static _ => " ---: |")).AppendLine();
        foreach ((long events, Dictionary<string, double> values) in _sizes)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {events:N0} | ")
                .AppendJoin(" | ", s_plotted.Select(p => values[p.Metric].ToString("N2", CultureInfo.InvariantCulture)))
                .AppendLine(" |");
        }

        return text.ToString();
    }

    public string Json() => JsonSerializer.Serialize(
        _sizes.ToDictionary(
            static size => size.Key.ToString(CultureInfo.InvariantCulture),
            static size => s_plotted.ToDictionary(static p => p.Metric, p => size.Value[p.Metric])),
        s_json) + "\n";

    public string Picture() => GrowthLines.Draw(
    [
        .. s_plotted.Select(plotted => (
            plotted.Title,
            _sizes.Select(size => ((double)size.Key, size.Value[plotted.Metric])).ToArray())),
    ]);

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };
}
