using Mortise.Components;

namespace Mortise.Conformance;

/// <summary>A thread that outlives its component keeps its files, its memory and its load context.</summary>
internal static class CommonThreadLaw
{
    // Longer than any scheduler keeps a thread waiting that has nothing to do but end.
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(5);

    public static void AddTo<T>(LawSuite<ComponentSubject<T>> suite, LawContract contract, CommonProbe<T> probe)
        where T : class, IStorageComponent =>
        suite.Add(
            new Law
            {
                Id = "C14",
                Contract = contract,
                Text = "No thread and no work of the thread pool that it began runs on after closing, nor after an "
                    + "open that failed.",
            },
            (run, subject) => Check(run, subject, probe));

    private static void Check<T>(LawRun run, ComponentSubject<T> subject, CommonProbe<T> probe)
        where T : class, IStorageComponent
    {
        using FollowedThreads threads = FollowedThreads.Begin();
        using SimWorld world = new(run.Seed);
        using (Session<T> session = new(subject, world))
        {
            for (int i = 0; i < 3; i++)
            {
                probe.Fill(session, i);
                probe.Content(session.Component);
                world.Background.RunAll();
            }
        }

        Require(threads, "closing");
        for (int nth = 1; nth <= run.Scale(5, 20, 100); nth++)
        {
            using SimWorld faulty = world.AfterProcessDeath();
            faulty.Disk.Plant(SimOperationKind.Read | SimOperationKind.Open, "*", nth, SimFaultEffect.Io);
            try
            {
                new Session<T>(subject, faulty).Dispose();
            }
            catch (StorageException)
            {
                // That open fails is not the point here; what it leaves behind is.
            }
        }

        Require(threads, "opens that failed");
    }

    private static void Require(FollowedThreads threads, string after)
    {
        IReadOnlyList<string> running = threads.Await(s_grace);
        LawRun.Require(
            running.Count == 0,
            $"{s_grace.TotalSeconds} s after {after} this still runs: {string.Join(", ", running)}; end it in "
                + "DisposeAsync, or do the work through ComponentContext.Background, which ends with the component");
    }
}
