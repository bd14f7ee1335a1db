using System.Numerics;

namespace Mortise.Nostr;

/// <summary>A small generator of numbers (SplitMix64) whose sequence is ours: samples are the same in every
/// version.</summary>
internal sealed class SampleRandom(ulong seed)
{
    private ulong _state = seed;

    internal ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        ulong z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>From 0 to <paramref name="bound"/> - 1.</summary>
    internal int Below(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    internal bool OneIn(int bound) => Below(bound) == 0;

    /// <summary>From 0 to <paramref name="bound"/> - 1, small ones far more often: a Zipf distribution with exponent
    /// 1.</summary>
    internal int Zipf(int bound)
    {
        // The distribution function of 1/x is logarithmic: octaves are equally likely, and even within themselves.
        int octaves = BitOperations.Log2((uint)bound) + 1;
        int octave = Below(octaves);
        int first = (1 << octave) - 1;
        int size = Math.Min(1 << octave, bound - first);
        return first + Below(size);
    }

    internal T Pick<T>(ReadOnlySpan<T> choices) => choices[Below(choices.Length)];
}
