using Mortise.Components;
using Mortise.Indexing;

namespace Mortise.Conformance;

/// <summary>An array that is not given back is memory that every other user of the pool lacks; one that is given back
/// twice, or used after that, is somebody else's data.</summary>
internal static class CommonBufferLaw
{
    public static void AddTo<T>(LawSuite<ComponentSubject<T>> suite, LawContract contract, CommonProbe<T> probe)
        where T : class, IStorageComponent =>
        suite.Add(
            new Law
            {
                Id = "C16",
                Contract = contract,
                Text = "What it rents from a shared pool of arrays it gives back once, by the end of closing or of an "
                    + "open that failed, and does not use after that.",
            },
            (run, subject) => Check(run, subject, probe));

    private static void Check<T>(LawRun run, ComponentSubject<T> subject, CommonProbe<T> probe)
        where T : class, IStorageComponent
    {
        using RentedBuffers rented = RentedBuffers.Begin();
        foreach (bool canMap in (ReadOnlySpan<bool>)[false, true])
        {
            ulong seed = Seeds.Derive(run.Seed, canMap ? 2UL : 1);
            using SimWorld world = new(seed, new SimDiskOptions { CanMap = canMap });
            string before = "";
            bool persists;
            using (Session<T> session = new(subject, world))
            {
                persists = session.Component is not IIndexFamily { Traits.IsPersistent: false };
                for (int i = 0; i < run.Scale(3, 10, 50); i++)
                {
                    Poisoned(() => probe.Fill(session, i), "a write");
                    before = probe.Content(session.Component);
                    Poisoned(() => world.Background.RunAll(), "background work");
                    Poisoned(() => RequireSame(session.Component, before, "once the pool was overwritten"), "a read");
                }
            }

            RequireBalanced("closing");
            using SimWorld next = world.AfterProcessDeath();
            using (Session<T> again = new(subject, next))
            {
                if (persists)
                {
                    RequireSame(again.Component, before, "after a restart");
                }
            }

            RequireBalanced("closing");
            FailOpens(world);
            RequireBalanced("opens that failed");
        }

        void Poisoned(Action action, string what)
        {
            PoisonedPool pool = new();
            action();
            string disturbed = string.Join(", ", pool.Disturbed);
            LawRun.Require(
                disturbed.Length == 0,
                $"{what} wrote into an array of {disturbed} bytes that it had given back to the pool");
        }

        void RequireSame(T component, string before, string when)
        {
            string found;
            try
            {
                found = probe.Content(component);
            }
            catch (StorageException damaged)
            {
                throw new LawBrokenException(
                    $"{when} it cannot be read any more: it uses an array that it has given back to the pool", damaged);
            }

            LawRun.Require(
                found == before,
                $"{when} it holds something else: it uses an array that it has given back to the pool");
        }

        void FailOpens(SimWorld world)
        {
            for (int nth = 1; nth <= run.Scale(10, 40, 200); nth++)
            {
                using SimWorld faulty = world.AfterProcessDeath();
                SimFault fault = faulty.Disk.Plant(SimOperationKind.Read, "*", nth, SimFaultEffect.Io);
                try
                {
                    new Session<T>(subject, faulty).Dispose();
                }
                catch (StorageException)
                {
                    // That open fails is not the point here; what it leaves behind is.
                }

                if (fault.Fired == 0)
                {
                    return;
                }
            }
        }

        void RequireBalanced(string after)
        {
            string twice = string.Join("; ", rented.ReturnedTwice.Distinct().Take(1));
            LawRun.Require(
                twice.Length == 0,
                $"given back to a shared pool twice: {twice}; the next two that rent there get the same array");
            IReadOnlyList<string> missing = rented.Missing;
            string some = string.Join("; ", missing.Distinct().Take(5));
            LawRun.Require(
                missing.Count == 0,
                $"after {after} {missing.Count} not given back to the shared pool: {some}. Return each in a finally "
                    + "block, or do not rent what outlives the call");
        }
    }
}
