namespace Mortise.Bench.Compare;

/// <summary>What was measured: by engine and metric, one value a round.</summary>
internal sealed class Samples
{
    private readonly Dictionary<(string Engine, string Metric), List<double>> _values = [];

    public void Add(string engine, string metric, double value)
    {
        if (!_values.TryGetValue((engine, metric), out List<double>? values))
        {
            _values.Add((engine, metric), values = []);
        }

        values.Add(value);
    }

    /// <summary>The values of a metric, ascending; empty when it was not measured.</summary>
    public IReadOnlyList<double> Of(string engine, string metric) =>
        _values.TryGetValue((engine, metric), out List<double>? values) ? [.. values.Order()] : [];

    /// <summary>The median of a metric; null when it was not measured.</summary>
    public double? Median(string engine, string metric)
    {
        IReadOnlyList<double> values = Of(engine, metric);
        return values.Count == 0 ? null : (values[(values.Count - 1) / 2] + values[values.Count / 2]) / 2;
    }
}
