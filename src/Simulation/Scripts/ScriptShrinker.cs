namespace Mortise.Simulation;

/// <summary>Finds a shorter script that still fails.</summary>
internal static class ScriptShrinker
{
    /// <summary>Leaves out ever smaller parts of the script as long as it still fails.</summary>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="steps">The length that was asked for.</param>
    /// <param name="script">The script that fails.</param>
    /// <param name="failure">How.</param>
    /// <param name="failureOf">Runs a script; null when it does not fail.</param>
    public static async Task<SimulationFailure> ShrinkAsync(
        ulong seed,
        int steps,
        IReadOnlyList<SimStep> script,
        string failure,
        Func<IReadOnlyList<SimStep>, Task<string?>> failureOf)
    {
        for (int chunk = script.Count / 2; chunk > 0; chunk /= 2)
        {
            for (int from = 0; from < script.Count;)
            {
                List<SimStep> shorter = [.. script.Take(from), .. script.Skip(from + chunk)];
                string? shorterFailure = await failureOf(shorter).ConfigureAwait(false);
                if (shorterFailure is null)
                {
                    from += chunk;
                }
                else
                {
                    script = shorter;
                    failure = shorterFailure;
                }
            }
        }

        return new SimulationFailure(seed, steps, script, failure);
    }
}
