using System.Diagnostics;

namespace Mortise.Bench.Measuring;

/// <summary>Durations of single operations, with true quantiles.</summary>
/// <param name="expected">Durations that are added, about.</param>
/// <param name="mostKept">Of more than that the latest are kept.</param>
internal sealed class Latencies(int expected, int mostKept = int.MaxValue)
{
    private readonly List<long> _ticks = new(expected);

    /// <summary>Durations that were added.</summary>
    public long Count { get; private set; }

    public void Add(long ticks)
    {
        if (_ticks.Count < mostKept)
        {
            _ticks.Add(ticks);
        }
        else
        {
            _ticks[(int)(Count % _ticks.Count)] = ticks;
        }

        Count++;
    }

    public void Add(Latencies other)
    {
        _ticks.AddRange(other._ticks);
        Count += other.Count;
    }

    /// <summary>The duration that a part of the operations stayed below, in microseconds. Nothing is added after this.</summary>
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
