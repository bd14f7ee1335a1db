using Mortise.Components;

namespace Mortise.Conformance.Tests.Mutants;

/// <summary>A broken component and the law that has to notice.</summary>
/// <param name="Contract">Its contract.</param>
/// <param name="Law">The law that it is meant for.</param>
/// <param name="Broken">What is broken, in a line.</param>
/// <param name="Check">Checks a law on it.</param>
/// <param name="CheckGuarded">Runs the law's operations on it behind the host's contract checks.</param>
public sealed record Mutant(
    LawContract Contract,
    string Law,
    string Broken,
    Func<LawSettings, LawResult> Check,
    Func<LawSettings, LawResult> CheckGuarded)
{
    public static Mutant Of<T>(
        LawContract contract, LawSuite<ComponentSubject<T>> suite, string law, string broken,
        ComponentSubject<T> subject)
        where T : class, IStorageComponent =>
        Of(contract, suite, law, broken, subject, Guarded.Around);

    public static Mutant Of(string law, string broken, CachePolicySubject subject) =>
        Of(LawContract.CachePolicy, CacheLaws.Suite, law, broken, subject, Guarded.Around);

    public static Mutant Of(string law, string broken, PartitionSubject subject) =>
        Of(LawContract.PartitionScheme, PartitionLaws.Suite, law, broken, subject, Guarded.Around);

    /// <summary>The host wraps no projection.</summary>
    public static Mutant Of(string law, string broken, TermSubject subject) =>
        Of(LawContract.TermProjection, TermLaws.Suite, law, broken, subject, static terms => terms);

    /// <summary>After so long it has hung. Only mutants that do hang need to make it short.</summary>
    public int HangSeconds { get; init; } = 120;

    /// <summary>The broken component.</summary>
    public required ILawSubject Subject { get; init; }

    public override string ToString() => $"{Contract} {Law}: {Broken}";

    private static Mutant Of<TSubject>(
        LawContract contract, LawSuite<TSubject> suite, string law, string broken, TSubject subject,
        Func<TSubject, TSubject> guard)
        where TSubject : ILawSubject =>
        new(
            contract,
            law,
            broken,
            settings => suite.Check(law, subject, settings),
            settings => suite.Check(law, guard(subject), settings))
        {
            Subject = subject,
        };
}
