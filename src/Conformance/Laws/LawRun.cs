namespace Mortise.Conformance;

/// <summary>One check of one law: its chance, its size, and how it fails.</summary>
internal sealed class LawRun(Law law, LawSettings settings)
{
    private const int MaxShrinkingRuns = 400;

    public Law Law { get; } = law;

    public ulong Seed { get; } = Seeds.Derive(settings.Seed, StableHash(law.Id));

    public LawTier Tier { get; } = settings.Tier;

    /// <summary>A count for the tier.</summary>
    public int Scale(int smoke, int standard, int soak) =>
        Tier switch { LawTier.Smoke => smoke, LawTier.Standard => standard, _ => soak };

    public static void Require(bool fact, string expectation)
    {
        if (!fact)
        {
            throw new LawBrokenException(expectation);
        }
    }

    /// <summary>Says in front of what is found what was done before.</summary>
    /// <param name="done">What was done: <c>after record 3 was synced</c>.</param>
    /// <param name="check">Throws when something is broken.</param>
    public static void Then(string done, Action check)
    {
        try
        {
            check();
        }
        catch (LawBrokenException broken)
        {
            throw new LawBrokenException($"{done}: {broken.Message}", broken.InnerException) { Script = broken.Script };
        }
    }

    /// <summary>Expects an exception of one type or derived from it.</summary>
    public static TException Throws<TException>(Action call, string what)
        where TException : Exception
    {
        try
        {
            call();
        }
        catch (TException expected)
        {
            return expected;
        }
#pragma warning disable CA1031 // Any other type is the finding.
        catch (Exception other) when (other is not LawBrokenException)
#pragma warning restore CA1031
        {
            throw new LawBrokenException(
                $"{what}: expected {typeof(TException).Name}, found {other.GetType().Name}: {other.Message}", other);
        }

        throw new LawBrokenException($"{what}: expected {typeof(TException).Name}, and nothing was thrown");
    }

    public static StorageException Refuses(StorageErrorCode code, Action call, string what)
    {
        StorageException refused = Throws<StorageException>(call, what);
        Require(refused.Code == code, $"{what}: expected the code {code}, found {refused.Code}: {refused.Message}");
        return refused;
    }

    /// <summary>Runs generated scripts and shrinks the first that fails.</summary>
    /// <param name="scripts">How many.</param>
    /// <param name="generate">Makes one.</param>
    /// <param name="run">Throws when the law does not hold for it; depends on its arguments alone.</param>
    public void Explore<TOp>(int scripts, Func<Random, List<TOp>> generate, Action<ulong, IReadOnlyList<TOp>> run)
    {
        for (int i = 0; i < scripts; i++)
        {
            ulong seed = Seeds.Derive(Seed, (ulong)i);
            List<TOp> script = generate(Seeds.Generator(seed));
            if (Failure(seed, script) is not { } failure)
            {
                continue;
            }

            List<TOp> shrunk = Shrink(script, seed, ref failure);

            // Once more, so that what is shown of the disk is what these operations did.
            failure = Failure(seed, shrunk) ?? failure;
            string operations = shrunk.Count > 0
                ? $"shrunk to {shrunk.Count}:"
                : i == 0
                    ? "no operation is needed: what the check itself does to a new component shows it"
                    : $"no operation is needed, yet the scripts before held: something outlives an instance. Look for "
                        + "static fields, and caches that instances or snapshots share";
            throw new LawBrokenException(
                $"{failure.Message}\nscript {i} of {script.Count} operations, {operations}", failure.InnerException)
            {
                Script = [.. shrunk.Select(op => op?.ToString() ?? "")],
            };
        }

        Exception? Failure(ulong seed, List<TOp> script)
        {
            try
            {
                run(seed, script);
                return null;
            }
#pragma warning disable CA1031 // What a script throws is what is being looked for.
            catch (Exception thrown)
#pragma warning restore CA1031
            {
                return thrown is LawBrokenException
                    ? thrown
                    : new LawBrokenException($"unexpected {thrown.GetType().Name}: {thrown.Message}", thrown);
            }
        }

        List<TOp> Shrink(List<TOp> script, ulong seed, ref Exception failure)
        {
            List<TOp> best = script;
            int runs = 0;
            for (int chunk = Math.Max(1, best.Count / 2); chunk >= 1; chunk /= 2)
            {
                for (int at = 0; at < best.Count && runs < MaxShrinkingRuns;)
                {
                    List<TOp> candidate = [.. best[..at], .. best[Math.Min(best.Count, at + chunk)..]];
                    runs++;
                    if (Failure(seed, candidate) is { } still)
                    {
                        best = candidate;
                        failure = still;
                    }
                    else
                    {
                        at += chunk;
                    }
                }
            }

            return best;
        }
    }

    private static ulong StableHash(string text)
    {
        ulong hash = 14695981039346656037;
        foreach (char c in text)
        {
            hash = (hash ^ c) * 1099511628211;
        }

        return hash;
    }
}
