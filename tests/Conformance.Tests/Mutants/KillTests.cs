namespace Mortise.Conformance.Tests.Mutants;

/// <summary>The kit is judged by what it catches: each mutant is killed by the law it is meant for.</summary>
public class KillTests
{
    public static IReadOnlyList<Mutant> Mutants { get; } =
    [
        .. LogMutants.All(),
        .. RecordMutants.All(),
        .. IndexMutants.All(),
        .. CacheMutants.All(),
        .. PartitionMutants.All(),
        .. TermMutants.All(),
    ];

    public static IEnumerable<object[]> Numbers() =>
        Enumerable.Range(0, Mutants.Count).Select(i => new object[] { i, Mutants[i].ToString() });

    [Theory]
    [MemberData(nameof(Numbers))]
    public void A_mutant_is_killed_by_its_law(int number, string mutant)
    {
        LawResult result = Mutants[number].Check(
            new LawSettings { HangLimit = TimeSpan.FromSeconds(Mutants[number].HangSeconds) });
        Assert.True(result.Verdict == LawVerdict.Failed, $"survived with {result}: {mutant}");
        Assert.NotEqual("", result.Detail);
    }

    [Fact]
    public void Every_law_that_must_hold_kills_a_mutant()
    {
        IEnumerable<string> toothless =
            from law in KillMatrix.Laws()
            where law.Level == LawLevel.Must
            where !Mutants.Any(mutant => mutant.Contract == law.Contract && mutant.Law == law.Id)
            select $"{law.Contract} {law.Id}";
        Assert.Empty(toothless);
    }

    [Fact]
    public void A_failure_tells_the_seed_the_operations_and_what_was_expected()
    {
        LawResult result = Mutants.First(mutant => mutant.Law == "WL14").Check(new LawSettings());
        LawBrokenException broken = Assert.Throws<LawBrokenException>(result.ThrowIfBroken);
        Assert.Contains("shrunk to", broken.Message, StringComparison.Ordinal);
        Assert.Contains("append(", broken.Message, StringComparison.Ordinal);
        Assert.Contains($"MORTISE_SEED={result.Seed}", broken.Message, StringComparison.Ordinal);
    }
}
