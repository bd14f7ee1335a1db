namespace Mortise.Conformance;

/// <summary>Derives seeds from seeds, the same way in every process.</summary>
public static class Seeds
{
    /// <summary>A seed for one of several independent uses of another seed (SplitMix64).</summary>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="use">A number for the use.</param>
    public static ulong Derive(ulong seed, ulong use)
    {
        ulong z = seed + (use + 1) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A generator whose sequence depends on the seed alone.</summary>
    public static Random Generator(ulong seed, ulong use = 0) => new(ToInt32(Derive(seed, use)));

    internal static int ToInt32(ulong seed) => (int)(Derive(seed, 0) & int.MaxValue);
}
