using Mortise.Conformance;

namespace Mortise.Simulation;

/// <summary>Runs one list of operations and questions over several stacks: all answers must be equal, whatever their
/// plugins, options and partitions.</summary>
/// <remarks>
/// <para>Role: finds what the laws of one contract do not ask for, and needs no oracle for it: a scan that skips a key
/// in
/// one structure only differs from the others.</para>
/// <para>Determinism: as <see cref="StoreSimulation"/>.</para>
/// <para>Source: Chen, Cheung and Yiu, "Metamorphic Testing", HKUST-CS98-01, 1998; the metamorphic tests of
/// Pebble.</para>
/// </remarks>
public sealed class StackComparison
{
    private readonly IReadOnlyList<StackVariant> _variants;

    /// <summary>Makes a comparison.</summary>
    /// <param name="variants">Two and more. Each composes equally many families: first one with
    /// <see cref="SimProjections.Id"/>, then one and more with <see cref="SimProjections.Group"/>.</param>
    public StackComparison(IReadOnlyList<StackVariant> variants)
    {
        ArgumentNullException.ThrowIfNull(variants);
        ArgumentOutOfRangeException.ThrowIfLessThan(variants.Count, 2, nameof(variants));
        _variants = variants;
    }

    /// <summary>How many answers were compared so far, all stacks together.</summary>
    public long Answers { get; private set; }

    /// <summary>Runs one seed.</summary>
    /// <param name="seed">Decides the script.</param>
    /// <param name="steps">Its length.</param>
    /// <param name="cancellation">Stops between two stacks.</param>
    /// <returns>Null when all answers were equal.</returns>
    public async Task<SimulationFailure?> RunAsync(ulong seed, int steps, CancellationToken cancellation = default)
    {
        IReadOnlyList<SimStep> script = AskScript.Generate(seed, steps);
        return await DifferenceAsync(seed, script, cancellation).ConfigureAwait(false) is { } difference
            ? await ScriptShrinker.ShrinkAsync(
                seed, steps, script, difference, shorter => DifferenceAsync(seed, shorter, cancellation))
                .ConfigureAwait(false)
            : null;
    }

    /// <summary>Runs a script over all stacks.</summary>
    /// <returns>Which stacks differ in what, or null.</returns>
    private async Task<string?> DifferenceAsync(
        ulong seed, IReadOnlyList<SimStep> script, CancellationToken cancellation)
    {
        IReadOnlyList<string>? first = null;
        foreach (StackVariant variant in _variants)
        {
            cancellation.ThrowIfCancellationRequested();
            (IReadOnlyList<string> answers, string? failure) =
                await AnswersAsync(variant, seed, script).ConfigureAwait(false);
            if (failure is not null)
            {
                return $"{variant.Name}{Environment.NewLine}{failure}";
            }

            Answers += answers.Count;
            first ??= answers;
            for (int i = 0; i < answers.Count; i++)
            {
                if (answers[i] != first[i])
                {
                    return string.Join(
                        Environment.NewLine,
                        $"answers differ: {AskScript.Questions(script).ElementAt(i)}",
                        $"A: {_variants[0].Name}",
                        $"   {first[i]}",
                        $"B: {variant.Name}",
                        $"   {answers[i]}");
                }
            }
        }

        return null;
    }

    private static async Task<(IReadOnlyList<string> Answers, string? Failure)> AnswersAsync(
        StackVariant variant, ulong seed, IReadOnlyList<SimStep> script)
    {
        using VariantStore store = variant.Begin();
        await using var run = new SimRun(
            store.Compose, new SimWorld(seed, eagerBackground: true), new SimulationCounts());
        string? failure = await run.RunAsync(script).ConfigureAwait(false);
        return (run.Answers, failure);
    }
}
