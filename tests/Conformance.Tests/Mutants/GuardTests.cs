using System.Text.RegularExpressions;

namespace Mortise.Conformance.Tests.Mutants;

/// <summary>K12: what <c>decorate: [check]</c> sees of the mutants while they serve, without files and power
/// cuts.</summary>
public partial class GuardTests
{
    public static IEnumerable<object[]> Numbers() => Enumerable.Range(0, KillTests.Mutants.Count)
        .Where(static i => Seen(KillTests.Mutants[i]) is not null)
        .Select(static i => new object[] { i, KillTests.Mutants[i].ToString() });

    [Theory]
    [MemberData(nameof(Numbers))]
    public void A_mutant_is_named_while_it_serves(int number, string mutant) =>
        Assert.True(Seen(KillTests.Mutants[number]) == Named(KillTests.Mutants[number]), mutant);

    [Fact]
    public void What_is_listed_is_a_mutant() => Assert.All(
        SeenMutants.All,
        static seen => Assert.Contains(
            KillTests.Mutants, mutant => (mutant.Contract, mutant.Broken) == (seen.Contract, seen.Broken)));

    private static string? Seen(Mutant mutant) => SeenMutants.All
        .Where(seen => (seen.Contract, seen.Broken) == (mutant.Contract, mutant.Broken))
        .Select(static seen => seen.Law).FirstOrDefault();

    private static string? Named(Mutant mutant)
    {
        LawResult result = mutant.CheckGuarded(
            new LawSettings { HangLimit = TimeSpan.FromSeconds(mutant.HangSeconds) });
        Match named = Law().Match(result.Finding);
        return named.Success ? named.Groups[1].Value : $"none: {result.Finding}";
    }

    [GeneratedRegex(" broke law ([A-Z]+[0-9]+) of ")]
    private static partial Regex Law();
}
