using System.Diagnostics;

namespace Mortise.Bench.Measuring;

/// <summary>Durations of single operations, with true quantiles.</summary>
internal sealed class Latencies(int expected)
{
    private readonly List<long> _ticks = new(expected);

    public int Count => _ticks.Count;

    public void Add(long ticks) => _ticks.Add(ticks);

    public void Add(Latencies other) => _ticks.AddRange(other._ticks);

    /// <summary>The duration that a part of the operations stayed below, in microseconds.</summary>
    /// <param name="part">0 to 1.</param>
    public double Microseconds(double part)
    {
        if (_ticks.Count == 0)
        {
            return 0;
        }

        _ticks.Sort();
        int rank = Math.Min(_ticks.Count - 1, (int)(part * _ticks.Count));
        return _ticks[rank] * 1e6 / Stopwatch.Frequency;
    }
}
