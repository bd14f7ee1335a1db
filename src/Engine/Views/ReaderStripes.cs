using System.Numerics;

namespace Mortise.Engine;

/// <summary>Counts readers, many of which come and go within a fraction of a microsecond, on a line of memory for each
/// processor: one counter that all write would pass from processor to processor and cost more than what they
/// read.</summary>
/// <remarks>Threads: any. A reader leaves by the stripe by which it entered, on whichever thread. Entering and leaving are
/// full fences.</remarks>
internal sealed class ReaderStripes
{
    // Two cache lines apart, because they are fetched in pairs.
    private const int Stride = 128 / sizeof(int);
    private const int MostStripes = 32;

    private static readonly int s_count =
        (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(Environment.ProcessorCount, 1, MostStripes));

    // The first stride is the array's own header and whatever lies before it.
    private readonly int[] _readers = new int[(s_count + 1) * Stride];

    /// <summary>True when there was an instant since the call at which nobody was in, provided that nobody stays who enters
    /// from now on.</summary>
    public bool AreEmpty
    {
        get
        {
            for (int stripe = 1; stripe <= s_count; stripe++)
            {
                if (Volatile.Read(ref _readers[stripe * Stride]) != 0)
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>A stripe of any instance, on a line that the processor that asks writes, mostly.</summary>
    public static int Choose() => Of(Thread.GetCurrentProcessorId());

    /// <summary>The stripe of a processor: never 0, and one of any instance whatever the number.</summary>
    public static int Of(int processor) => ((processor & (s_count - 1)) + 1) * Stride;

    /// <summary>Counts a reader.</summary>
    /// <param name="stripe">From <see cref="Choose"/>; to leave by.</param>
    public void Enter(int stripe) => Interlocked.Increment(ref _readers[stripe]);

    /// <summary>Counts a reader no more.</summary>
    public void Leave(int stripe) => Interlocked.Decrement(ref _readers[stripe]);
}
