using Mortise.Components;

namespace Mortise.Conformance;

/// <summary>The laws of everything that is opened: <see cref="IStorageComponent"/>.</summary>
internal static class CommonLaws
{
    public static void AddTo<T>(LawSuite<ComponentSubject<T>> suite, LawContract contract, CommonProbe<T> probe)
        where T : class, IStorageComponent
    {
        Add("C1", "Disposing twice, also concurrently, is safe.", Dispose);
        Add(
            "C2",
            "Any call after disposal throws ObjectDisposedException; one that races it completes or throws that.",
            AfterDispose);
        Add(
            "C3",
            "Arguments that no caller may pass throw the ArgumentException family, and nothing has changed.",
            BadArguments);
        Add(
            "C4",
            "A token that is cancelled before the call: OperationCanceledException with that token, and no effect.",
            CancelledBefore);
        Add("C5", "Cancelled in flight: all or nothing, and the component works on.", CancelledInFlight);
        Add(
            "C6",
            "A failing read gives a StorageException and nothing else, and the component opens again.",
            FailingReads,
            LawNeeds.SimulatedFiles);
        Add(
            "C8",
            "Empty, cut or garbage files: a typed error with nothing modified, or an empty component that says so.",
            Garbage,
            LawNeeds.SimulatedFiles);
        Add("C9", "Nothing runs, waits or is open after closing, nor after an open that failed.", NothingLeft);
        Add(
            "C10",
            "Opening and closing without a change leaves every byte as it was.",
            Unchanged,
            LawNeeds.SimulatedFiles);
        CommonBypassLaw.AddTo(suite, contract);
        CommonUpgradeLaw.AddTo(suite, contract, probe);
        CommonThreadLaw.AddTo(suite, contract, probe);
        CommonBufferLaw.AddTo(suite, contract, probe);
        CommonIsolationLaw.AddTo(suite, contract, probe);
        CommonHurryLaw.AddTo(suite, contract, probe);
        UnloadLaw.AddTo(suite, contract, (subject, seed) =>
        {
            using SimWorld world = new(seed);
            using Session<T> session = new(subject, world);
            probe.Fill(session, 0);
            probe.Content(session.Component);
        });

        void Add(
            string id,
            string text,
            Action<LawRun, ComponentSubject<T>, CommonProbe<T>> check,
            LawNeeds needs = LawNeeds.None) =>
            suite.Add(
                new Law { Id = id, Contract = contract, Text = text, Needs = needs },
                (run, subject) => check(run, subject, probe));
    }

    private static void Dispose<T>(LawRun run, ComponentSubject<T> subject, CommonProbe<T> probe)
        where T : class, IStorageComponent
    {
        for (int i = 0; i < run.Scale(10, 100, 1000); i++)
        {
            using SimWorld world = new(Seeds.Derive(run.Seed, (ulong)i));
            Session<T> session = new(subject, world);
            probe.Fill(session, 0);
            LawRun.Then(
                "disposed four times at once",
                () => LawThreads.Run(4, _ => session.Component.DisposeAsync().AsTask().GetAwaiter().GetResult()));
            session.Dispose();
        }
    }

    private static void AfterDispose<T>(LawRun run, ComponentSubject<T> subject, CommonProbe<T> probe)
        where T : class, IStorageComponent
    {
        using (SimWorld world = new(run.Seed))
        {
            Session<T> session = new(subject, world);
            probe.Fill(session, 0);
            session.Dispose();
            foreach ((string name, Action call) in probe.Calls(session.Component))
            {
                LawRun.Throws<ObjectDisposedException>(call, $"{name} after disposal");
            }
        }

        for (int i = 0; i < run.Scale(20, 200, 2000); i++)
        {
            using SimWorld world = new(Seeds.Derive(run.Seed, (ulong)i));
            Session<T> session = new(subject, world);
            probe.Fill(session, 0);
            IReadOnlyList<(string Name, Action Call)> calls = probe.Calls(session.Component);
            using Barrier together = new(2);
            Exception? broken = null;
            string at = "";
            int begun = 0;
            Thread caller = new(() =>
            {
                together.SignalAndWait();
                try
                {
                    for (int c = 0; c < 200; c++)
                    {
                        at = calls[c % calls.Count].Name;
                        Volatile.Write(ref begun, c + 1);
                        calls[c % calls.Count].Call();
                    }
                }
                catch (ObjectDisposedException)
                {
                    // The race was lost, as is allowed.
                }
#pragma warning disable CA1031 // Carried over to the law's own thread.
                catch (Exception thrown)
#pragma warning restore CA1031
                {
                    broken = thrown;
                }
            });
            caller.Start();
            together.SignalAndWait();

            // Every call in turn is the one under way; half of the disposals come a little later within it.
            var spinner = new SpinWait();
            while (Volatile.Read(ref begun) <= i % calls.Count && caller.IsAlive)
            {
                spinner.SpinOnce(sleep1Threshold: -1);
            }

            Thread.SpinWait((int)(Seeds.Derive(run.Seed, (ulong)i) % 2 * (Seeds.Derive(run.Seed, (ulong)i) % 5_000)));
            session.Dispose();
            caller.Join();
            LawRun.Require(broken is null, $"{at} while disposal ran threw {broken}");
        }
    }

    private static void BadArguments<T>(LawRun run, ComponentSubject<T> subject, CommonProbe<T> probe)
        where T : class, IStorageComponent
    {
        using SimWorld world = new(run.Seed);
        using Session<T> session = new(subject, world);
        probe.Fill(session, 0);
        string before = probe.Content(session.Component);
        long operations = world.Disk.Operations;
        foreach ((string name, Action call) in probe.BadCalls(session.Component))
        {
            LawRun.Throws<ArgumentException>(call, name);
            LawRun.Require(
                probe.Content(session.Component) == before, $"{name} changed something before it was refused");
            LawRun.Require(world.Disk.Operations == operations, $"{name} wrote something before it was refused");
        }

        probe.Fill(session, 1);
    }

    private static void CancelledBefore<T>(LawRun run, ComponentSubject<T> subject, CommonProbe<T> probe)
        where T : class, IStorageComponent
    {
        using CancellationTokenSource source = new();
        source.Cancel();
        using SimWorld world = new(run.Seed);
        LawRun.Throws<OperationCanceledException>(
            () =>
                world.Background.Complete(
                    subject.OpenIn(world, "other", source.Token)), "opening with a cancelled token");
        LawRun.Require(world.Disk.OpenHandles.Count == 0, "an open that was cancelled holds files");
        using Session<T> session = new(subject, world);
        probe.Fill(session, 0);
        probe.Change(session, 1);
        string before = probe.Content(session.Component);
        long operations = world.Disk.Operations;
        foreach ((string name, Func<ValueTask> call) in probe.Cancellable(session.Component, source.Token))
        {
            OperationCanceledException cancelled = LawRun.Throws<OperationCanceledException>(
                () => world.Background.Complete(call()), $"{name} with a cancelled token");
            LawRun.Require(cancelled.CancellationToken == source.Token, $"{name} was cancelled with another token");
            LawRun.Require(probe.Content(session.Component) == before, $"{name} had an effect in spite of its token");
            LawRun.Require(world.Disk.Operations == operations, $"{name} wrote in spite of its token");
        }
    }

    private static void CancelledInFlight<T>(LawRun run, ComponentSubject<T> subject, CommonProbe<T> probe)
        where T : class, IStorageComponent
    {
        for (int nth = 1; nth <= run.Scale(12, 40, 200); nth++)
        {
            using SimWorld world = new(run.Seed);
            string before;
            using (Session<T> session = new(subject, world))
            {
                probe.Fill(session, 0);
                probe.Change(session, 1);
                before = probe.Content(session.Component);
                using CancellationTokenSource source = new();
                bool reached = false;
                world.Disk.At(world.Disk.Operations + nth, () =>
                {
                    reached = true;
                    source.Cancel();
                });
                try
                {
                    session.Complete(probe.Persist(session.Component, source.Token));
                }
                catch (OperationCanceledException)
                {
                    // One of the two outcomes that are allowed.
                }

                LawRun.Require(
                    probe.Content(session.Component) == before, $"a cancellation at write {nth} changed what it holds");
                session.Complete(probe.Persist(session.Component, CancellationToken.None));
                world.Disk.CutPower();
                if (!reached)
                {
                    return;
                }
            }

            using SimWorld after = world.AfterPowerCut(run.Seed, CrashModel.SyncedOnly);
            using Session<T> again = new(subject, after);
            LawRun.Require(
                Expected(
                    again.Component,
                    probe,
                    before), $"after a cancellation at write {nth} a later sync or checkpoint kept something else");
        }
    }

    private static bool Expected<T>(T component, CommonProbe<T> probe, string before)
        where T : class, IStorageComponent =>
        component is Indexing.IIndexFamily { Traits.IsPersistent: false } || probe.Content(component) == before;

    private static void FailingReads<T>(LawRun run, ComponentSubject<T> subject, CommonProbe<T> probe)
        where T : class, IStorageComponent
    {
        using SimWorld world = new(run.Seed);
        string before;
        using (Session<T> session = new(subject, world))
        {
            probe.Fill(session, 0);
            before = probe.Content(session.Component);
        }

        for (int nth = 1; nth <= run.Scale(60, 300, 3000); nth++)
        {
            using SimWorld faulty = world.AfterProcessDeath();
            SimFault fault = faulty.Disk.Plant(SimOperationKind.Read, "*", nth, SimFaultEffect.Io);
            try
            {
                using Session<T> session = new(subject, faulty);
                LawRun.Require(
                    Expected(session.Component, probe, before),
                    $"read {nth} failed, and what came out is neither right nor an error");
            }
            catch (StorageException failed)
            {
                LawRun.Require(
                    failed.Code == StorageErrorCode.Io, $"read {nth} failed and is reported as {failed.Code}");
            }
            catch (Exception thrown) when (thrown is not LawBrokenException)
            {
                throw new LawBrokenException($"read {nth} failed: {thrown.GetType().Name}: {thrown.Message}", thrown);
            }

            using Session<T> again = new(subject, world.AfterProcessDeath());
            LawRun.Require(Expected(again.Component, probe, before), "a read that failed changed what is stored");
            if (fault.Fired == 0)
            {
                return;
            }
        }
    }

    private static void Garbage<T>(LawRun run, ComponentSubject<T> subject, CommonProbe<T> probe)
        where T : class, IStorageComponent
    {
        using SimWorld world = new(run.Seed);
        string before;
        using (Session<T> session = new(subject, world))
        {
            probe.Fill(session, 0);
            before = probe.Content(session.Component);
        }

        Random random = Seeds.Generator(run.Seed);
        foreach (string path in world.Disk.FilePaths())
        {
            byte[] bytes = world.Disk.ReadAllBytes(path);
            if (bytes.Length == 0)
            {
                continue;
            }

            byte[] noise = new byte[bytes.Length];
            random.NextBytes(noise);
            foreach ((string what, byte[] content) in (ReadOnlySpan<(string, byte[])>)
                [
                    ("emptied", []), ("cut in half", bytes[..(bytes.Length / 2)]), ("noise", noise),
                    ("zeroes", new byte[bytes.Length])
                ])
            {
                using SimWorld damaged = world.AfterProcessDeath();
                damaged.Disk.Overwrite(path, content);
                OpenDamaged(subject, probe, damaged, before, $"{path} {what}");
            }
        }
    }

    private static void OpenDamaged<T>(
        ComponentSubject<T> subject, CommonProbe<T> probe, SimWorld damaged, string before, string what)
        where T : class, IStorageComponent
    {
        long operations = damaged.Disk.Operations;
        try
        {
            using Session<T> session = new(subject, damaged);
            string found = probe.Content(session.Component);
            bool empty = session.Component is Indexing.IIndexFamily index && index.DurableLsn == Lsn.None;
            LawRun.Require(
                found == before || (empty && !probe.RefusesDamage),
                $"{what}: it opened without an error, and holds something else than before");
            LawRun.Require(
                found == before || damaged.Log.Messages.Any(m => m.Level >= ComponentLogLevel.Warning),
                $"{what}: it opened empty without a warning in the log");
        }
        catch (StorageException refused)
        {
            LawRun.Require(
                refused.Code is StorageErrorCode.Corrupt or StorageErrorCode.FormatTooNew
                    or StorageErrorCode.FormatTooOld or StorageErrorCode.ForeignFile
                    or StorageErrorCode.UnknownWriter or StorageErrorCode.NotFound,
                $"{what}: refused with {refused.Code}");
            LawRun.Require(damaged.Disk.Operations == operations, $"{what}: refused, and something was written");
            LawRun.Require(
                damaged.Disk.OpenHandles.Count == 0, $"{what}: refused, and left open "
                    + $"{string.Join(", ", damaged.Disk.OpenHandles)}");
        }
        catch (Exception thrown) when (thrown is not LawBrokenException)
        {
            throw new LawBrokenException($"{what}: {thrown.GetType().Name}: {thrown.Message}", thrown);
        }
    }

    private static void NothingLeft<T>(LawRun run, ComponentSubject<T> subject, CommonProbe<T> probe)
        where T : class, IStorageComponent
    {
        using SimWorld world = new(run.Seed, new SimDiskOptions { CanMap = true });
        using (Session<T> session = new(subject, world))
        {
            for (int i = 0; i < 5; i++)
            {
                probe.Fill(session, i);
                probe.Content(session.Component);
                world.Background.RunAll();
            }
        }

        CheckNothingLeft(world, "closing");
        for (int nth = 1; nth <= run.Scale(30, 100, 500); nth++)
        {
            using SimWorld faulty = world.AfterProcessDeath();
            SimFault fault = faulty.Disk.Plant(
                SimOperationKind.Read | SimOperationKind.Mutations | SimOperationKind.Open,
                "*",
                nth,
                SimFaultEffect.Io);
            bool opened = false;
            try
            {
                using Session<T> session = new(subject, faulty);
                opened = true;
            }
            catch (StorageException)
            {
                // That open fails is not the point here; what it leaves behind is.
            }

            CheckNothingLeft(faulty, opened ? "closing" : "an open that failed");
            if (fault.Fired == 0)
            {
                return;
            }
        }
    }

    private static void CheckNothingLeft(SimWorld world, string after)
    {
        LawRun.Require(
            world.Disk.OpenHandles.Count == 0, $"after {after} these are still open: "
                + $"{string.Join(", ", world.Disk.OpenHandles)}");
        LawRun.Require(
            world.Background.Registered.Count == 0,
            $"after {after} this work is still registered: {string.Join(", ", world.Background.Registered)}");
        LawRun.Require(world.Clock.ActiveTimers == 0, $"after {after} {world.Clock.ActiveTimers} timers are still set");
    }

    private static void Unchanged<T>(LawRun run, ComponentSubject<T> subject, CommonProbe<T> probe)
        where T : class, IStorageComponent
    {
        using SimWorld world = new(run.Seed);
        using (Session<T> session = new(subject, world))
        {
            probe.Fill(session, 0);
        }

        // Once to settle what closing or recovery still had to do.
        new Session<T>(subject, world).Dispose();
        Dictionary<string, byte[]> before = [];
        foreach (string path in world.Disk.FilePaths())
        {
            before[path] = world.Disk.ReadAllBytes(path);
        }

        new Session<T>(subject, world).Dispose();
        IReadOnlyList<string> after = world.Disk.FilePaths();
        LawRun.Require(
            after.SequenceEqual(before.Keys), "opening and closing changed the files from "
                + $"{string.Join(", ", before.Keys)} to {string.Join(", ", after)}");
        foreach (string path in after)
        {
            LawRun.Require(
                world.Disk.ReadAllBytes(path).AsSpan().SequenceEqual(before[path]),
                $"opening and closing changed {path}");
        }
    }
}
