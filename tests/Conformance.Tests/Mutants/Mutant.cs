namespace Mortise.Conformance.Tests.Mutants;

/// <summary>A broken component and the law that has to notice.</summary>
/// <param name="Contract">Its contract.</param>
/// <param name="Law">The law that it is meant for.</param>
/// <param name="Broken">What is broken, in a line.</param>
/// <param name="Check">Checks a law on it.</param>
public sealed record Mutant(LawContract Contract, string Law, string Broken, Func<LawSettings, LawResult> Check)
{
    /// <summary>After so long it has hung. Only mutants that do hang need to make it short.</summary>
    public int HangSeconds { get; init; } = 120;

    public override string ToString() => $"{Contract} {Law}: {Broken}";
}
