using Mortise.Conformance;
using Mortise.Engine;

namespace Mortise.Simulation;

/// <summary>Runs a whole store, whatever its plugins, through a script in a simulated world, against an
/// oracle.</summary>
/// <remarks>
/// <para>Role: proof by trial that a stack keeps its promises: what was acknowledged is there after any crash as far as
/// the sync mode promises, nothing else is, and every record is on all access paths or on none.</para>
/// <para>Determinism: a stack, a seed and a length give the same run, disk operation by disk operation, provided that
/// the plugins do their background work through the host.</para>
/// <para>Source: Zhou et al., "FoundationDB", SIGMOD 2021 (simulation); Pillai et al., OSDI 2014 (crash states);
/// Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28(2), 2002 (shrinking).</para>
/// </remarks>
public sealed class StoreSimulation
{
    private readonly Func<SimWorld, StoreComposition> _compose;

    /// <summary>Makes a simulation of a stack.</summary>
    /// <param name="compose">Composes the stack over a world: its root, clock, background and logs. The first family
    /// must have <see cref="SimProjections.Id"/>; the others any of <see cref="SimProjections"/>.</param>
    public StoreSimulation(Func<SimWorld, StoreComposition> compose)
    {
        ArgumentNullException.ThrowIfNull(compose);
        _compose = compose;
    }

    /// <summary>What all runs so far went through.</summary>
    public SimulationCounts Counts { get; } = new();

    /// <summary>Runs one seed.</summary>
    /// <param name="seed">Decides the script and every crash.</param>
    /// <param name="steps">Length of the script.</param>
    /// <returns>Null when every promise was kept; otherwise the failure with the shortest script found.</returns>
    public async Task<SimulationFailure?> RunAsync(ulong seed, int steps)
    {
        IReadOnlyList<SimStep> script = SimScript.Generate(seed, steps);
        string? failure = await TryAsync(seed, script).ConfigureAwait(false);
        return failure is null ? null : await ShrinkAsync(seed, steps, script, failure).ConfigureAwait(false);
    }

    /// <summary>Runs one seed's script, without its own power cuts, once for each disk operation that it does: the
    /// power goes at that operation, and again soon after, within the recovery.</summary>
    /// <param name="seed">Decides the script and what survives.</param>
    /// <param name="steps">Length of the script.</param>
    /// <param name="every">1 to cut at every operation, n at each nth.</param>
    /// <param name="cancellation">Stops between two cuts.</param>
    /// <returns>Null when every promise was kept; otherwise the failure with the shortest script found.</returns>
    public async Task<SimulationFailure?> SweepAsync(
        ulong seed, int steps, int every = 1, CancellationToken cancellation = default)
    {
        List<SimStep> script =
            [.. SimScript.Generate(seed, steps).Where(static step => step is not PowerCutStep), new CloseStep()];
        long before = Counts.Operations;
        if (await TryAsync(seed, script).ConfigureAwait(false) is { } withoutCut)
        {
            return await ShrinkAsync(seed, steps, script, withoutCut).ConfigureAwait(false);
        }

        int operations = (int)(Counts.Operations - before);
        for (int at = 1; at <= operations; at += every)
        {
            cancellation.ThrowIfCancellationRequested();
            List<SimStep> cut = [SimScript.Cut(seed, at), .. script];
            if (await TryAsync(seed, cut).ConfigureAwait(false) is { } failure)
            {
                return await ShrinkAsync(seed, steps, cut, failure).ConfigureAwait(false);
            }
        }

        return null;
    }

    /// <summary>Runs a script.</summary>
    /// <returns>What was wrong, or null.</returns>
    public async Task<string?> TryAsync(ulong seed, IReadOnlyList<SimStep> script)
    {
        ArgumentNullException.ThrowIfNull(script);
        await using var run = new SimRun(_compose, new SimWorld(seed, eagerBackground: true), Counts);
        return await run.RunAsync(script).ConfigureAwait(false);
    }

    private Task<SimulationFailure> ShrinkAsync(
        ulong seed, int steps, IReadOnlyList<SimStep> script, string failure) =>
        ScriptShrinker.ShrinkAsync(seed, steps, script, failure, shorter => TryAsync(seed, shorter));
}

/// <summary>A failed simulation.</summary>
/// <param name="Seed">The seed that fails.</param>
/// <param name="Steps">The length of its script.</param>
/// <param name="Script">The shortest script found that still fails with that seed.</param>
/// <param name="Message">What was wrong.</param>
public sealed record SimulationFailure(ulong Seed, int Steps, IReadOnlyList<SimStep> Script, string Message)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"seed {Seed}, {Steps} steps, shrunk to {Script.Count}:{Environment.NewLine}  "
        + string.Join(Environment.NewLine + "  ", Script)
        + Environment.NewLine + Message;
}
