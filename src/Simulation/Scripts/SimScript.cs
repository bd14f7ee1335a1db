using Mortise.Conformance;

namespace Mortise.Simulation;

/// <summary>Makes scripts from seeds.</summary>
public static class SimScript
{
    private static readonly CrashModel[] s_models = Enum.GetValues<CrashModel>();

    /// <summary>A script of a length; equal arguments give equal scripts.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="steps">How many steps.</param>
    public static IReadOnlyList<SimStep> Generate(ulong seed, int steps)
    {
        var random = new Random(unchecked((int)(seed ^ (seed >> 32))));
        int ids = random.Next(3) switch { 0 => 4, 1 => 40, _ => 400 };
        var script = new List<SimStep>(steps);
        while (script.Count < steps)
        {
            script.Add(random.Next(44) switch
            {
                0 or 1 or 2 => new CheckpointStep(),
                3 => new CompactStep(),
                4 or 5 => new CheckStep(),
                6 => new WaitStep(TimeSpan.FromMilliseconds(random.Next(1, 400))),
                7 => new CloseStep(),
                8 => new KillStep(),
                9 or 10 or 11 or 12 => new PowerCutStep(
                    random.Next(1, 80), s_models[random.Next(s_models.Length)], (ulong)random.NextInt64()),
                13 => new RefusedWriteStep(),
                40 => new SwitchStep(random.Next(2), [Write(random, ids), Write(random, ids)]),
                41 or 42 => new DropStep(
                    1_600_000_000L + random.Next(200_000_000), random.Next(3) > 0, random.Next(3) * 3),
                43 => new PackStep(Write(random, ids)),
                14 or 15 or 16 =>
                    new GroupStep([Write(random, ids), Write(random, ids), Write(random, ids), Write(random, ids)]),
                _ => Write(random, ids),
            });
        }

        return script;
    }

    /// <summary>A power cut at an operation, with two more behind it: within the recovery, and within the recovery from
    /// that. The crash models take turns.</summary>
    /// <param name="seed">Decides what survives.</param>
    /// <param name="at">The operation, from 1.</param>
    public static PowerCutStep Cut(ulong seed, int at)
    {
        const int withinRecovery = 24;
        return Of(at, at) with
        {
            Then = Of(1 + (at % withinRecovery), at / 3) with { Then = Of(1 + (at / 2 % withinRecovery), at / 5) },
        };

        PowerCutStep Of(int after, int model) =>
            new(after, s_models[model % s_models.Length], Seeds.Derive(seed, (ulong)((at * 3L) + after)));
    }

    private static WriteStep Write(Random random, int ids)
    {
        var deletes = new List<long>();
        for (int i = random.Next(3); i > 0; i--)
        {
            deletes.Add(random.Next(ids));
        }

        var puts = new List<SimPut>();
        for (int i = random.Next(1, 6); i > 0; i--)
        {
            bool isHostileTime = random.Next(8) == 0;
            long ordinal = isHostileTime
                ? random.NextInt64() - random.NextInt64()
                : 1_600_000_000L + random.Next(200_000_000);
            int body = random.Next(40) switch { 0 => random.Next(60_000), 1 => 0, _ => random.Next(300) };
            puts.Add(new SimPut(random.Next(ids), random.Next(5), ordinal, body, (byte)random.Next(256)));
        }

        return new WriteStep(puts, deletes);
    }
}
