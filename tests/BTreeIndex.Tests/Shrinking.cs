using System.Globalization;
using System.Text;

namespace Mortise.BTreeIndex.Tests;

/// <summary>Cuts a failing list of operations down.</summary>
/// <remarks>Source: Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28(2),
/// 2002.</remarks>
internal static class Shrinking
{
    private const int MostRuns = 600;

    /// <summary>Fails with the least failing part of a list, and the seed.</summary>
    /// <param name="seed">For the message.</param>
    /// <param name="ops">The list.</param>
    /// <param name="run">What goes wrong with a list, or null; depends on the list alone.</param>
    public static void AssertHolds<T>(int seed, List<T> ops, Func<List<T>, Exception?> run)
    {
        if (run(ops) is not { } failure)
        {
            return;
        }

        List<T> least = Least(ops, run);
        failure = run(least) ?? failure;
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"MORTISE_SEED={seed}: {ops.Count} operations, cut down to {least.Count}:");
        foreach (T op in least)
        {
            text.Append("\n  ").Append(op);
        }

        Assert.Fail($"{text}\n{failure}");
    }

    /// <summary>A part of a failing list that fails too, and from which (within a limit of runs) nothing can be left
    /// out.</summary>
    public static List<T> Least<T>(List<T> ops, Func<List<T>, Exception?> run)
    {
        int runs = 0;
        for (int chunk = Math.Max(1, ops.Count / 2); ; chunk = Math.Max(1, chunk / 2))
        {
            bool hasShrunk = false;
            for (int at = 0; at < ops.Count && runs < MostRuns;)
            {
                List<T> rest = [.. ops[..at], .. ops[Math.Min(ops.Count, at + chunk)..]];
                runs++;
                if (run(rest) is null)
                {
                    at += chunk;
                }
                else
                {
                    ops = rest;
                    hasShrunk = true;
                }
            }

            if (runs >= MostRuns || (chunk == 1 && !hasShrunk))
            {
                return ops;
            }
        }
    }
}
