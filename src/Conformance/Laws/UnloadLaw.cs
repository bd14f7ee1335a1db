namespace Mortise.Conformance;

/// <summary>A plugin that was used can be unloaded, so that a host can exchange it without a restart.</summary>
internal static class UnloadLaw
{
    public static LawSuite<TSubject> AddTo<TSubject>(
        LawSuite<TSubject> suite, LawContract contract, Action<TSubject, ulong> use)
        where TSubject : class, ILawSubject =>
        suite.Add(
            new Law
            {
                Id = "C15",
                Contract = contract,
                Level = LawLevel.Should,
                Needs = LawNeeds.OwnContext,
                Text = "Loaded into a context that can be unloaded, used and closed, nothing of it stays in the "
                    + "process.",
            },
            (run, subject) =>
            {
                string? holds = subject.UseInOwnContext!(loaded => use((TSubject)loaded, run.Seed));
                LawRun.Require(holds is null, holds ?? "");
            });
}
