using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Mortise.Relay;

/// <summary>Listens to every meter of Mortise in the process and writes what it heard in the text format of
/// Prometheus.</summary>
/// <remarks>Histograms are written with the buckets that their makers advise, and beside them, as
/// <c>NAME_quantile</c>, the quantiles of all values since the start, right to 3 %.</remarks>
internal sealed class MetricsCollector : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private const string Prefix = "Mortise";
    private static readonly double[] s_seconds =
        [10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private static readonly double[] s_counts = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];
    private static readonly double[] s_quantiles = [0.5, 0.9, 0.99, 0.999];

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<(Instrument, string), Series> _series = new();
    private readonly Lock _writing = new();

    public MetricsCollector()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == Prefix || instrument.Meter.Name.StartsWith(Prefix + ".", StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((i, v, tags, _) => Record(i, v, tags));
        _listener.SetMeasurementEventCallback<float>((i, v, tags, _) => Record(i, v, tags));
        _listener.SetMeasurementEventCallback<long>((i, v, tags, _) => Record(i, v, tags));
        _listener.SetMeasurementEventCallback<int>((i, v, tags, _) => Record(i, v, tags));
        _listener.SetMeasurementEventCallback<short>((i, v, tags, _) => Record(i, v, tags));
        _listener.SetMeasurementEventCallback<byte>((i, v, tags, _) => Record(i, v, tags));
        _listener.SetMeasurementEventCallback<decimal>((i, v, tags, _) => Record(i, (double)v, tags));
        _listener.MeasurementsCompleted = (instrument, _) => Forget(instrument);
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    /// <summary>Everything heard so far.</summary>
    public string Write()
    {
        var text = new StringBuilder();
        lock (_writing)
        {
            _listener.RecordObservableInstruments();
            foreach (IGrouping<string, Series> family in _series.Values
                .GroupBy(static s => s.Name).OrderBy(static g => g.Key, StringComparer.Ordinal))
            {
                WriteFamily(text, family.Key, [.. family.OrderBy(static s => s.Labels, StringComparer.Ordinal)]);
            }
        }

        return text.ToString();
    }

    private static void WriteFamily(StringBuilder text, string name, Series[] series)
    {
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {series[0].Help}\n");
        text.Append(CultureInfo.InvariantCulture, $"# TYPE {name} {series[0].Type}\n");
        foreach (Series one in series)
        {
            if (one.Histogram is null)
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}{Braced(one.Labels)} {Number(one.Value)}\n");
            }
            else
            {
                WriteHistogram(text, name, one);
            }
        }

        if (series[0].Histogram is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name}_quantile {series[0].Help}\n");
            text.Append(CultureInfo.InvariantCulture, $"# TYPE {name}_quantile summary\n");
            foreach (Series one in series)
            {
                WriteQuantiles(text, name, one);
            }
        }
    }

    private static void WriteHistogram(StringBuilder text, string name, Series series)
    {
        long[] buckets = series.Histogram!.Snapshot();
        foreach (double bound in series.Bounds)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"{name}_bucket{With(series.Labels, "le", Number(bound))} {LogHistogram.CountUpTo(buckets, bound)}\n");
        }

        long count = buckets.Sum();
        text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{With(series.Labels, "le", "+Inf")} {count}\n");
        text.Append(CultureInfo.InvariantCulture, $"{name}_sum{Braced(series.Labels)} {Number(series.Histogram.Sum)}\n");
        text.Append(CultureInfo.InvariantCulture, $"{name}_count{Braced(series.Labels)} {count}\n");
    }

    private static void WriteQuantiles(StringBuilder text, string name, Series series)
    {
        long[] buckets = series.Histogram!.Snapshot();
        foreach (double part in s_quantiles)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"{name}_quantile{With(series.Labels, "quantile", Number(part))} "
                + $"{Number(LogHistogram.Quantile(buckets, part))}\n");
        }
    }

    private static string Braced(string labels) => labels.Length == 0 ? "" : $"{{{labels}}}";

    private static string With(string labels, string name, string value) =>
        labels.Length == 0 ? $"{{{name}=\"{value}\"}}" : $"{{{labels},{name}=\"{value}\"}}";

    private static string Number(double value) =>
        double.IsNaN(value) ? "NaN" : value.ToString("R", CultureInfo.InvariantCulture);

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string labels = tags.Length == 0 ? "" : Labels(tags);
        Series series = _series.GetOrAdd((instrument, labels), static key => Series.Of(key.Item1, key.Item2));
        series.Record(value);
    }

    private void Forget(Instrument instrument)
    {
        foreach ((Instrument Instrument, string Labels) key in _series.Keys)
        {
            if (key.Instrument == instrument)
            {
                _series.TryRemove(key, out _);
            }
        }
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = new StringBuilder();
        foreach ((string name, object? value) in tags)
        {
            if (text.Length > 0)
            {
                text.Append(',');
            }

            string escaped = (Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")
                .Replace("\\", "\\\\", StringComparison.Ordinal)
                .Replace("\"", "\\\"", StringComparison.Ordinal)
                .Replace("\n", "\\n", StringComparison.Ordinal);
            text.Append(CultureInfo.InvariantCulture, $"{NameOf(name)}=\"{escaped}\"");
        }

        return text.ToString();
    }

    private static string NameOf(string name) =>
        string.Concat(name.Select(static c => char.IsAsciiLetterOrDigit(c) ? c : '_'));

    /// <summary>One instrument with one set of labels.</summary>
    private sealed class Series
    {
        private readonly bool _adds;
        private readonly Lock _gate = new();
        private double _value;

        private Series(Instrument instrument, string name, string type, string labels, bool adds)
        {
            Name = name;
            Type = type;
            Labels = labels;
            _adds = adds;
            Help = (instrument.Description ?? instrument.Name).ReplaceLineEndings(" ");
            if (type == "histogram")
            {
                Histogram = new LogHistogram();
                Bounds = (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries?.ToArray()
                    ?? (instrument as Histogram<int>)?.Advice?.HistogramBucketBoundaries?.Select(static b => (double)b).ToArray()
                    ?? (instrument.Unit == "s" ? s_seconds : s_counts);
            }
        }

        public string Name { get; }

        public string Type { get; }

        public string Labels { get; }

        public string Help { get; }

        public LogHistogram? Histogram { get; }

        public double[] Bounds { get; } = [];

        public double Value => Volatile.Read(ref _value);

        public static Series Of(Instrument instrument, string labels)
        {
            string kind = instrument.GetType().Name.Split('`')[0];
            bool isCounter = kind is "Counter" or "ObservableCounter";
            string type = isCounter ? "counter" : kind == "Histogram" ? "histogram" : "gauge";
            string unit = instrument.Unit switch
            {
                "s" => "_seconds",
                "By" => "_bytes",
                _ => "",
            };
            string name = NameOf(instrument.Name) + unit + (isCounter ? "_total" : "");
            string place = instrument.Meter.Name is Prefix or RelayMetrics.MeterName
                ? ""
                : MetricsCollector.Labels([new("part", instrument.Meter.Name[(Prefix.Length + 1)..])]);
            string meter = MetricsCollector.Labels([.. instrument.Meter.Tags ?? []]);
            return new Series(
                instrument,
                name,
                type,
                string.Join(',', ((string[])[place, meter, labels]).Where(static l => l.Length > 0)),
                kind is "Counter" or "UpDownCounter");
        }

        public void Record(double value)
        {
            if (Histogram is not null)
            {
                Histogram.Record(value);
            }
            else if (_adds)
            {
                lock (_gate)
                {
                    _value += value;
                }
            }
            else
            {
                Volatile.Write(ref _value, value);
            }
        }
    }
}
