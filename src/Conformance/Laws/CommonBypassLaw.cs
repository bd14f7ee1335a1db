using Mortise.Components;

namespace Mortise.Conformance;

/// <summary>A component that reaches around its context cannot be simulated, so nothing else that was shown
/// holds.</summary>
internal static class CommonBypassLaw
{
    public static void AddTo<T>(LawSuite<ComponentSubject<T>> suite, LawContract contract)
        where T : class, IStorageComponent =>
        suite.Add(
            new Law
            {
                Id = "C12",
                Contract = contract,
                Needs = LawNeeds.SimulatedFiles,
                Text = "Files, clocks, timers, threads and randomness come from the context alone.",
            },
            Check);

    private static void Check<T>(LawRun run, ComponentSubject<T> subject)
        where T : class, IStorageComponent
    {
        using SimWorld world = new(run.Seed);
        using Session<T> session = new(subject, world);
        IReadOnlyList<string> found = BypassScan.Of(session.Component.GetType());
        LawRun.Require(found.Count == 0, $"it reaches around its context:\n  {string.Join("\n  ", found)}");
    }
}
