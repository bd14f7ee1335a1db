namespace Mortise.BTreeIndex;

/// <summary>Decides which memory runs are merged when a batch arrives, so that there are few of them and each entry is
/// copied few times.</summary>
/// <remarks>The logarithmic method: runs of a level are merged into one of the next when there are enough of them. Small
/// ones on the spot; where that would hold up the writer for longer than a batch takes, in the background.
/// Source: Bentley and Saxe, "Decomposable searching problems I", J. Algorithms 1(4), 1980.</remarks>
internal static class MemoryTier
{
    /// <summary>Runs of one level that are merged into one of the next.</summary>
    public const int FanIn = 4;

    /// <summary>A run below this many bytes is merged with the next one at once: copying it costs less than keeping it.</summary>
    private const long SmallBytes = 8 << 10;

    /// <summary>Runs of more bytes together are merged in the background: a tenth of a millisecond, about.</summary>
    private const long MostBytesAtOnce = 128 << 10;

    /// <summary>Adds a run.</summary>
    /// <param name="newestFirst">The runs so far; not changed.</param>
    /// <param name="added">The new one.</param>
    /// <returns>The runs with it, newest first.</returns>
    public static MemoryRun[] Add(MemoryRun[] newestFirst, MemoryRun added)
    {
        MemoryRun merged = added;
        int first = 0;
        while (true)
        {
            int end = first;
            while (end < newestFirst.Length && newestFirst[end].Level <= merged.Level)
            {
                end++;
            }

            bool isSmall = end > first && merged.Level == 0 && newestFirst[first].Bytes + merged.Bytes <= SmallBytes;
            if (!isSmall && (end - first < FanIn - 1 || !IsLittle(newestFirst.AsSpan(first, end - first), merged)))
            {
                break;
            }

            if (isSmall)
            {
                merged = MemoryRunBuilder.Merge([merged, newestFirst[first]], 0);
                first++;
                continue;
            }

            int level = merged.Level + 1;
            merged = MemoryRunBuilder.Merge([merged, .. newestFirst.AsSpan(first, end - first)], level);
            first = end;
        }

        return [merged, .. newestFirst.AsSpan(first)];
    }

    /// <summary>Chooses what is left to be merged in the background.</summary>
    /// <returns>Neighbours among the runs; empty when there is nothing.</returns>
    public static ReadOnlySpan<MemoryRun> ChooseForBackground(ReadOnlySpan<MemoryRun> newestFirst)
    {
        int first = 0;
        while (first < newestFirst.Length)
        {
            int end = first + 1;
            while (end < newestFirst.Length && newestFirst[end].Level == newestFirst[first].Level)
            {
                end++;
            }

            ReadOnlySpan<MemoryRun> level = newestFirst[first..end];
            if (level.Length >= FanIn && !IsLittle(level[1..], level[0]))
            {
                return level;
            }

            first = end;
        }

        return default;
    }

    private static bool IsLittle(ReadOnlySpan<MemoryRun> runs, MemoryRun another)
    {
        long bytes = another.Bytes;
        foreach (MemoryRun run in runs)
        {
            bytes += run.Bytes;
        }

        return bytes <= MostBytesAtOnce;
    }
}
