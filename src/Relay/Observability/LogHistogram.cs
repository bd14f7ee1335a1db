namespace Mortise.Relay;

/// <summary>Counts values in buckets that each are 1/16 of a power of two wide, so that quantiles are right to 3 %
/// wherever the values lie.</summary>
/// <remarks>Threads: any; recording takes no lock and allocates nothing. Memory: 8 KiB.</remarks>
internal sealed class LogHistogram
{
    // Buckets of a power of two, and the powers: from 2^-32 to 2^32 of whatever the unit is.
    private const int PerPower = 16;
    private const int LeastPower = -32;
    private const int Powers = 64;

    private readonly long[] _buckets = new long[Powers * PerPower];
    private long _count;
    private double _sum;

    /// <summary>Values recorded.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>Their sum.</summary>
    public double Sum => Volatile.Read(ref _sum);

    /// <summary>Counts a value; what is not above zero counts in the lowest bucket.</summary>
    public void Record(double value)
    {
        Interlocked.Increment(ref _buckets[IndexOf(value)]);
        Interlocked.Increment(ref _count);
        double seen = Volatile.Read(ref _sum);
        while (true)
        {
            double was = Interlocked.CompareExchange(ref _sum, seen + value, seen);
            if (BitConverter.DoubleToInt64Bits(was) == BitConverter.DoubleToInt64Bits(seen))
            {
                return;
            }

            seen = was;
        }
    }

    /// <summary>A copy of the buckets, for differences between two moments.</summary>
    public long[] Snapshot()
    {
        long[] copy = new long[_buckets.Length];
        for (int i = 0; i < copy.Length; i++)
        {
            copy[i] = Volatile.Read(ref _buckets[i]);
        }

        return copy;
    }

    /// <summary>The value below which a part of the counted values lies.</summary>
    /// <param name="buckets">Of <see cref="Snapshot"/>, or a difference of two.</param>
    /// <param name="part">From 0 to 1.</param>
    /// <returns>The middle of the bucket; NaN when nothing was counted.</returns>
    public static double Quantile(ReadOnlySpan<long> buckets, double part)
    {
        long total = 0;
        foreach (long count in buckets)
        {
            total += count;
        }

        if (total == 0)
        {
            return double.NaN;
        }

        long rank = Math.Max(1, (long)Math.Ceiling(part * total));
        int at = 0;
        for (long seen = buckets[0]; seen < rank; seen += buckets[at])
        {
            at++;
        }

        return (LowerEnd(at) + LowerEnd(at + 1)) / 2;
    }

    /// <summary>How many values are at most a bound, exact for bounds that end a bucket.</summary>
    public static long CountUpTo(ReadOnlySpan<long> buckets, double bound)
    {
        long count = 0;
        for (int i = 0; i < buckets.Length && (LowerEnd(i) + LowerEnd(i + 1)) / 2 <= bound; i++)
        {
            count += buckets[i];
        }

        return count;
    }

    private static int IndexOf(double value)
    {
        if (!(value >= double.ScaleB(1, LeastPower)))
        {
            return 0;
        }

        int power = Math.Min(double.ILogB(value), LeastPower + Powers - 1);
        double within = double.ScaleB(value, -power) - 1;
        int index = (power - LeastPower) * PerPower + Math.Min(PerPower - 1, (int)(within * PerPower));
        return Math.Min(index, Powers * PerPower - 1);
    }

    private static double LowerEnd(int index) =>
        double.ScaleB(1 + (double)(index % PerPower) / PerPower, index / PerPower + LeastPower);
}
