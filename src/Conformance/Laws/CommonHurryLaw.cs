using Mortise.Components;
using Mortise.Indexing;

namespace Mortise.Conformance;

/// <summary>Between a signal and the line after it another thread may do all the work that there is.</summary>
internal static class CommonHurryLaw
{
    private const int RoundsOfUse = 3;

    public static void AddTo<T>(LawSuite<ComponentSubject<T>> suite, LawContract contract, CommonProbe<T> probe)
        where T : class, IStorageComponent =>
        suite.Add(
            new Law
            {
                Id = "C18",
                Contract = contract,
                Text = "Work that it signals while it is being opened may run at once: before opening has returned, "
                    + "and for as long as there is something to do.",
            },
            (run, subject) => Check(run, subject, probe));

    private static void Check<T>(LawRun run, ComponentSubject<T> subject, CommonProbe<T> probe)
        where T : class, IStorageComponent
    {
        using (SimWorld empty = new(run.Seed))
        {
            LawRun.Then("in an empty directory", () => OpenAndUse(subject, probe, empty, "", 0));
        }

        // The more was made durable piece by piece, the more there is to merge, to compress or to sync after opening.
        for (int rounds = 2; rounds <= run.Scale(10, 20, 40); rounds += 2)
        {
            int done = rounds;
            using SimWorld world = new(Seeds.Derive(run.Seed, (ulong)rounds));
            string left;
            using (Session<T> session = new(subject, world))
            {
                for (int i = 0; i < rounds; i++)
                {
                    probe.Fill(session, i);
                }

                left = session.Component is IIndexFamily { Traits.IsPersistent: false }
                    ? ""
                    : probe.Content(session.Component);
                LawRun.Then(
                    $"after {rounds} changes, each made durable, and a kill",
                    () => OpenAndUse(subject, probe, world, left, done));
            }

            LawRun.Then(
                $"after {rounds} changes, each made durable, and closing",
                () => OpenAndUse(subject, probe, world, left, done));
        }
    }

    /// <summary>Opens what is left on a disk, and beside it the same where work runs between calls only.</summary>
    private static void OpenAndUse<T>(
        ComponentSubject<T> subject, CommonProbe<T> probe, SimWorld before, string left, int rounds)
        where T : class, IStorageComponent
    {
        using SimWorld calm = before.AfterProcessDeath();
        using Session<T> oracle = new(subject, calm);
        using SimWorld world = before.AfterProcessDeath();
        world.Background.IsHurried = true;
        bool persists = oracle.Component is not IIndexFamily { Traits.IsPersistent: false };
        using (Session<T> session = Open(subject, world))
        {
            Require(session, left, "once it is open");
            for (int i = 0; i < RoundsOfUse; i++)
            {
                probe.Fill(oracle, rounds + i);
                probe.Fill(session, rounds + i);
                Require(session, probe.Content(oracle.Component), "after a change");
            }
        }

        RequireNoFault(world);
        LawRun.Require(
            world.Background.Registered.Count == 0,
            $"after closing this work is still registered: {string.Join(", ", world.Background.Registered)}");
        using Session<T> again = Open(subject, world);
        Require(again, persists ? probe.Content(oracle.Component) : "", "after a restart");

        void Require(Session<T> session, string expected, string when)
        {
            RequireNoFault(world);
            ComponentHealth health = session.Component.Health;
            LawRun.Require(health.Status == HealthStatus.Healthy, $"{when} it is {health.Status}: {health.Reason}");
            LawRun.Require(
                probe.Content(session.Component) == expected,
                $"{when} it holds something else than where its work runs between calls only");
        }
    }

    private static Session<T> Open<T>(ComponentSubject<T> subject, SimWorld world)
        where T : class, IStorageComponent
    {
        try
        {
            return new Session<T>(subject, world);
        }
        catch (Exception thrown) when (thrown is not LawBrokenException)
        {
            RequireNoFault(world);
            throw new LawBrokenException(
                $"opening threw {thrown.GetType().Name} while its work ran: {thrown.Message}", thrown);
        }
    }

    private static void RequireNoFault(SimWorld world)
    {
        foreach ((string name, Exception fault) in world.Background.Faults)
        {
            throw new LawBrokenException(
                $"the work '{name}' threw {fault.GetType().Name}: {fault.Message} A step may begin on another "
                    + "thread before Signal returns: signal when all is assigned that it reaches, as the last thing "
                    + "in opening",
                fault);
        }
    }
}
