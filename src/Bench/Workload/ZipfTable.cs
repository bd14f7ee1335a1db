namespace Mortise.Bench.Workload;

/// <summary>Draws ranks with probability proportional to 1 / (rank + 1): Zipf's law with exponent 1.</summary>
internal sealed class ZipfTable
{
    private readonly double[] _cumulated;

    public ZipfTable(int ranks)
    {
        _cumulated = new double[ranks];
        double sum = 0;
        for (int i = 0; i < ranks; i++)
        {
            sum += 1.0 / (i + 1);
            _cumulated[i] = sum;
        }

        for (int i = 0; i < ranks; i++)
        {
            _cumulated[i] /= sum;
        }
    }

    /// <summary>A rank from 0 up to, and without, the number of ranks.</summary>
    public int Draw(WorkloadRandom random)
    {
        double unit = random.Unit();
        int low = 0;
        int high = _cumulated.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_cumulated[middle] < unit)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return Math.Min(low, _cumulated.Length - 1);
    }
}
