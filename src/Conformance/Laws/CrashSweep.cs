namespace Mortise.Conformance;

/// <summary>Cuts the power at every mutation of a script and looks at what the next process finds.</summary>
internal static class CrashSweep
{
    private static readonly CrashModel[] s_models = Enum.GetValues<CrashModel>();

    /// <summary>Runs the script once for each of its boundaries.</summary>
    /// <typeparam name="TJournal">What the script was told, so that it can be held against what is found.</typeparam>
    /// <param name="world">Makes equal worlds.</param>
    /// <param name="script">Runs until it ends or the power goes; equal each time.</param>
    /// <param name="check">Throws when what is found contradicts the journal.</param>
    /// <param name="maxBoundaries">More are sampled evenly.</param>
    /// <param name="restarts">How many ways to restart are tried per boundary; all when 0.</param>
    /// <returns>Boundaries tried.</returns>
    public static int Run<TJournal>(
        Func<SimWorld> world,
        Action<SimWorld, TJournal> script,
        Action<SimWorld, TJournal> check,
        int maxBoundaries,
        int restarts = 0)
        where TJournal : new()
    {
        long total = Attempt(world, script, check, long.MaxValue, restarts);
        long step = Math.Max(1, total / maxBoundaries);
        int tried = 0;
        for (long boundary = 1; boundary <= total; boundary += step)
        {
            Attempt(world, script, check, boundary, restarts);
            tried++;
        }

        return tried;
    }

    private static long Attempt<TJournal>(
        Func<SimWorld> world, Action<SimWorld, TJournal> script, Action<SimWorld, TJournal> check, long boundary,
        int restarts)
        where TJournal : new()
    {
        using SimWorld before = world();
        TJournal journal = new();

        // The instance's directory is the host's work, done before the component is opened.
        before.Directory(Session.InstanceName);
        long start = before.Disk.Operations;
        if (boundary != long.MaxValue)
        {
            before.Disk.CutPowerAt(start + boundary);
        }

        try
        {
            script(before, journal);
        }
#pragma warning disable CA1031 // A component may wrap what it saw of the end of its world; nobody is left to be told.
        catch (Exception) when (before.Disk.IsOff)
#pragma warning restore CA1031
        {
        }

        long operations = before.Disk.Operations - start;
        int ways = s_models.Length + 1;
        for (int i = 0; i < (restarts == 0 ? ways : restarts); i++)
        {
            int way = restarts == 0 ? i : (int)((boundary % ways + i) % ways);
            ulong seed = Seeds.Derive(before.Seed, unchecked((ulong)(boundary * ways + way)));
            using SimWorld after = way == s_models.Length
                ? before.AfterProcessDeath()
                : before.AfterPowerCut(seed, s_models[way]);
            try
            {
                check(after, journal);
            }
#pragma warning disable CA1031 // Whatever the restart throws is told together with the crash that led to it.
            catch (Exception broken)
#pragma warning restore CA1031
            {
                string crash = way == s_models.Length ? "a kill" : $"a power cut ({s_models[way]})";
                string where = boundary == long.MaxValue ? "after the script" : Last(before.Disk);
                throw new LawBrokenException(
                    $"after {crash} {where}: "
                        + $"{(broken is LawBrokenException ? "" : broken.GetType().Name + ": ")}{broken.Message}",
                    broken.InnerException ?? broken);
            }
        }

        return operations;
    }

    private static string Last(SimDisk disk)
    {
        IReadOnlyList<SimOperation> log = disk.Log;
        for (int i = log.Count - 1; i >= 0; i--)
        {
            if (log[i].Number > 0)
            {
                return $"at {log[i]}";
            }
        }

        return "before anything was written";
    }
}
