using System.Numerics;

namespace Mortise.BTreeIndex;

/// <summary>What the readers of one snapshot owe (<see cref="ReaderToll"/>), until it is enough to be told.</summary>
/// <remarks>Threads: any, each mostly on a line of memory of its own, because one that all write costs a lookup more than what
/// it looks for. It is not exact: threads that share a line may lose some of what they add, or tell some of it
/// twice.</remarks>
internal sealed class GatheredToll
{
    /// <summary>A line tells what it has when it is so much: a millisecond of a reader's.</summary>
    private const long ToldFrom = 1 << 16;

    // Two cache lines apart, because they are fetched in pairs.
    private const int Stride = 128 / sizeof(long);

    // More than there are processors: which threads share one is chance.
    private static readonly int s_lines =
        (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(2 * Environment.ProcessorCount, 8, 32));

    // The first stride is the array's own header and whatever lies before it.
    private readonly long[] _owed = new long[(s_lines + 1) * Stride];

    /// <summary>A reader owes something.</summary>
    /// <returns>What is to be told now; 0 when it can wait.</returns>
    public long Add(long amount)
    {
        ref long owed = ref _owed[((Environment.CurrentManagedThreadId & (s_lines - 1)) + 1) * Stride];
        long sum = owed + amount;
        bool isDue = sum >= ToldFrom;
        owed = isDue ? 0 : sum;
        return isDue ? sum : 0;
    }

    /// <summary>What was not told yet; nobody adds any more.</summary>
    public long TakeAll()
    {
        long sum = 0;
        for (int line = 1; line <= s_lines; line++)
        {
            sum += _owed[line * Stride];
        }

        return sum;
    }
}
