using Mortise.Components;
using Mortise.Indexing;

namespace Mortise.Conformance;

/// <summary>A store opens many instances of one plugin: a family each, a partition each.</summary>
internal static class CommonIsolationLaw
{
    public static void AddTo<T>(LawSuite<ComponentSubject<T>> suite, LawContract contract, CommonProbe<T> probe)
        where T : class, IStorageComponent =>
        suite.Add(
            new Law
            {
                Id = "C17",
                Contract = contract,
                Text = "Two instances at once, each in a directory of its own, do not see each other, and none sees "
                    + "one that is closed.",
            },
            (run, subject) => Check(run, subject, probe));

    private static void Check<T>(LawRun run, ComponentSubject<T> subject, CommonProbe<T> probe)
        where T : class, IStorageComponent
    {
        using SimWorld first = new(Seeds.Derive(run.Seed, 1));
        using SimWorld second = new(Seeds.Derive(run.Seed, 2));
        using SimWorld third = new(Seeds.Derive(run.Seed, 3));
        string empty;
        using (Session<T> untouched = new(subject, third))
        {
            empty = probe.Content(untouched.Component);
        }

        string left;
        string right;
        bool persists;
        Session<T> one = new(subject, first);
        persists = one.Component is not IIndexFamily { Traits.IsPersistent: false };
        probe.Fill(one, 0);
        left = probe.Content(one.Component);
        using (Session<T> two = new(subject, second))
        {
            Same(two, empty, "a new instance in an empty directory holds what another one has");
            using (one)
            {
                probe.Fill(two, 1);
                right = probe.Content(two.Component);
                Same(one, left, "what was put into another instance changed it");
                probe.Fill(one, 2);
                left = probe.Content(one.Component);
                Same(two, right, "what was put into another instance changed it");
            }

            Same(two, right, "it changed when another instance was closed");
            probe.Fill(two, 3);
            right = probe.Content(two.Component);
        }

        using (Session<T> other = new(subject, third))
        {
            Same(other, empty, "a new instance in an empty directory holds what one had that is closed");
        }

        if (persists)
        {
            using Session<T> again = new(subject, first);
            using Session<T> both = new(subject, second);
            Same(again, left, "it holds something else after a restart of both");
            Same(both, right, "it holds something else after a restart of both");
        }

        void Same(Session<T> session, string expected, string found) => LawRun.Require(
            probe.Content(session.Component) == expected,
            $"{found}: keep nothing in static fields, and key nothing by the instance's name alone");
    }
}
