namespace Mortise.Conformance;

/// <summary>Fails the nth operation of each kind, for every n, and looks at what is left.</summary>
internal static class FaultSweeps
{
    private static readonly SimOperationKind[] s_kinds =
    [
        SimOperationKind.Write, SimOperationKind.Sync, SimOperationKind.SyncDirectory, SimOperationKind.Create,
        SimOperationKind.SetLength, SimOperationKind.Rename, SimOperationKind.Delete, SimOperationKind.Open,
    ];

    private static readonly (SimFaultEffect Effect, bool Sticky)[] s_effects =
    [
        (SimFaultEffect.Io, false), (SimFaultEffect.Io, true), (SimFaultEffect.NoSpace, false),
        (SimFaultEffect.ShortWrite, false), (SimFaultEffect.ShortNoSpace, true),
    ];

    /// <summary>Runs a script with one fault at a time until none is met any more.</summary>
    public static void Run<TJournal>(
        LawRun run, Func<SimWorld> world, Action<SimWorld, TJournal> script, Action<SimWorld, TJournal> check, int max)
        where TJournal : new()
    {
        _ = run;
        foreach (SimOperationKind kind in s_kinds)
        {
            foreach ((SimFaultEffect effect, bool sticky) in s_effects)
            {
                for (int nth = 1; nth <= max && One(world, script, check, kind, effect, sticky, nth); nth++)
                {
                }
            }
        }
    }

    /// <summary>Fails each sync in turn, kills the process, asks the next one what is durable, and cuts the
    /// power.</summary>
    public static void FailedSyncs<TJournal>(
        LawRun run, Func<SimWorld> world, Action<SimWorld, TJournal> script, Func<SimWorld, Lsn> durable)
        where TJournal : new()
    {
        for (int nth = 1; nth <= run.Scale(40, 400, 4000); nth++)
        {
            using SimWorld before = world();
            SimFault fault = before.Disk.Plant(SimOperationKind.Sync, "*", nth, SimFaultEffect.SyncFailed);
            try
            {
                script(before, new TJournal());
            }
            catch (StorageException)
            {
                // The caller was told.
            }

            if (fault.Fired == 0)
            {
                return;
            }

            using SimWorld killed = before.AfterProcessDeath();
            Lsn vouched = durable(killed);
            using SimWorld cut = killed.AfterPowerCut(1, CrashModel.SyncedOnly);
            Lsn left = durable(cut);
            LawRun.Require(
                left >= vouched, $"after sync {nth} failed and a restart {vouched} was called durable; a power cut "
                    + $"leaves {left}");
        }
    }

    private static bool One<TJournal>(
        Func<SimWorld> world, Action<SimWorld, TJournal> script, Action<SimWorld, TJournal> check,
        SimOperationKind kind, SimFaultEffect effect, bool sticky, int nth)
        where TJournal : new()
    {
        using SimWorld before = world();
        before.Directory(Session.InstanceName);
        TJournal journal = new();
        SimFault fault = before.Disk.Plant(kind, "*", nth, effect, sticky);
        string what = $"{kind} number {nth} failing with {effect}{(sticky ? " and all after it" : "")}";
        try
        {
            script(before, journal);
        }
        catch (StorageException)
        {
            // A failure that the caller was told of: what was promised before it still holds.
        }
        catch (Exception thrown)
        {
            throw new LawBrokenException($"{what}: {thrown.GetType().Name}: {thrown.Message}", thrown);
        }

        if (fault.Fired == 0)
        {
            return false;
        }

        foreach (CrashModel model in (ReadOnlySpan<CrashModel>)
            [CrashModel.SyncedOnly, CrashModel.KeepAll, CrashModel.RandomSubset])
        {
            using SimWorld cut = before.AfterPowerCut((ulong)nth, model);
            try
            {
                check(cut, journal);
            }
            catch (Exception broken)
            {
                throw new LawBrokenException($"{what}, then a power cut ({model}): {broken.Message}", broken);
            }
        }

        return true;
    }
}
