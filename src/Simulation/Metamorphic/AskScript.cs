using Mortise.Conformance;

namespace Mortise.Simulation;

/// <summary>Makes scripts of writes, maintenance and questions.</summary>
public static class AskScript
{
    private const long OldestOrdinal = 1_600_000_000;
    private const int Ordinals = 200_000_000;

    /// <summary>A script of a length; equal arguments give equal scripts. The power stays on: what a cut leaves may
    /// differ from stack to stack.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="steps">How many steps.</param>
    public static IReadOnlyList<SimStep> Generate(ulong seed, int steps)
    {
        Random random = Seeds.Generator(Seeds.Derive(seed, 17));
        var script = new List<SimStep>(2 * steps);
        foreach (SimStep step in SimScript.Generate(seed, steps))
        {
            if (step is PowerCutStep)
            {
                continue;
            }

            script.Add(step is DropStep drop ? OfAnyStack(drop, random) : step);
            for (int i = random.Next(4); i > 0; i--)
            {
                script.Add(Question(random));
            }
        }

        return script;
    }

    /// <summary>The questions of a script, in the order of their answers.</summary>
    public static IEnumerable<AskStep> Questions(IEnumerable<SimStep> script) => script.OfType<AskStep>();

    /// <summary>Which partitions are whole depends on the stack, what is older than a moment does not. Half of the
    /// moments are the beginning of a year, where partitions by time end whole.</summary>
    private static DropStep OfAnyStack(DropStep drop, Random random)
    {
        DateTimeOffset before = DateTimeOffset.FromUnixTimeSeconds(drop.Before);
        return drop with
        {
            IsByPartition = false,
            Before = random.Next(2) == 0
                ? drop.Before
                : new DateTimeOffset(before.Year, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds(),
        };
    }

    private static AskStep Question(Random random)
    {
        int limit = random.Next(3) switch { 0 => 1, 1 => random.Next(2, 20), _ => int.MaxValue };
        bool isBackward = random.Next(3) == 0;
        switch (random.Next(10))
        {
            case 0 or 1:
                return new AskIdStep(random.Next(60));
            case 2 or 3 or 4:
                long from = random.Next(3) == 0 ? 0 : random.Next(420);
                return new AskIdsStep(from, from + random.Next(420), isBackward, limit);
            case 5:
                return new AskCountStep();
            default:
                long since = random.Next(3) == 0 ? 0 : OldestOrdinal + random.Next(Ordinals);
                long until = random.Next(3) == 0
                    ? long.MaxValue
                    : Math.Max(since, OldestOrdinal + random.Next(Ordinals));
                long seekTo = random.Next(3) == 0 ? random.NextInt64(since, until) : -1;
                return new AskGroupStep(random.Next(4), random.Next(6), since, until, isBackward, seekTo, limit);
        }
    }
}
