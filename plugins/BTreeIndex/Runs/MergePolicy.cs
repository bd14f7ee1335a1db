using System.Numerics;

namespace Mortise.BTreeIndex;

/// <summary>Which disk runs are merged: size tiers, newest first, never more than a few runs in sight, and fewer where
/// they are read much.</summary>
internal static class MergePolicy
{
    /// <summary>How many of the newest runs to merge.</summary>
    /// <param name="newestFirst">The runs.</param>
    /// <param name="fanIn">So many runs are merged when the largest of them is no more than half of the whole.</param>
    /// <param name="mostRuns">More runs than this are merged whatever their size.</param>
    /// <returns>2 or more, or 0 when all is well.</returns>
    public static int Choose(ReadOnlySpan<DiskRun> newestFirst, int fanIn, int mostRuns)
    {
        int chosen = 0;
        int end = 0;
        long sum = 0;
        long largest = 0;
        while (end < newestFirst.Length)
        {
            int tier = Tier(newestFirst[end].PageCount);
            do
            {
                sum += newestFirst[end].PageCount;
                largest = Math.Max(largest, newestFirst[end].PageCount);
                end++;
            }
            while (end < newestFirst.Length && Tier(newestFirst[end].PageCount) <= tier);

            if (end >= fanIn && 2 * largest <= sum)
            {
                chosen = end;
            }
        }

        if (chosen == 0 && newestFirst.Length > mostRuns)
        {
            chosen = newestFirst.Length - mostRuns + 1;
        }

        return chosen >= 2 ? chosen : 0;
    }

    /// <summary>How many of the newest runs to merge because readers have paid for it: as many as can be had for each
    /// run's share of that.</summary>
    /// <param name="newestFirst">The runs.</param>
    /// <param name="paid">See <see cref="ReaderToll"/>.</param>
    /// <param name="entries">Entries of the runs chosen.</param>
    /// <returns>2 or more, or 0.</returns>
    public static int ChooseForReaders(ReadOnlySpan<DiskRun> newestFirst, long paid, out long entries)
    {
        int chosen = 0;
        long sum = 0;
        entries = 0;
        for (int i = 0; i < newestFirst.Length; i++)
        {
            // Merging i + 1 runs leaves i fewer; one is what would be left of all.
            sum += (long)newestFirst[i].Record.Entries;
            if (i > 0 && sum * ReaderToll.MergedEntry * (newestFirst.Length - 1) <= paid * i)
            {
                chosen = i + 1;
                entries = sum;
            }
        }

        return chosen;
    }

    /// <summary>Runs of one tier differ in size by less than four times.</summary>
    private static int Tier(long pages) => BitOperations.Log2((ulong)pages) / 2;
}
