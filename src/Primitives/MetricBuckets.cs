using System.Diagnostics.Metrics;

namespace Mortise.Primitives;

/// <summary>Where the buckets of histograms end, the same for every part, so that they can be laid beside each other.
/// </summary>
public static class MetricBuckets
{
    /// <summary>10 microseconds to 10 seconds, in steps of 1, 2.5, 5.</summary>
    public static InstrumentAdvice<double> Seconds { get; } = new()
    {
        HistogramBucketBoundaries =
        [
            10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1,
            2.5, 5, 10,
        ],
    };

    /// <summary>Powers of two to 4096.</summary>
    public static InstrumentAdvice<int> Counts { get; } = new()
    {
        HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096],
    };
}
