using System.Buffers.Binary;
using System.Numerics;

namespace Mortise.Bench.Workload;

/// <summary>xoshiro256** seeded by splitmix64: the generator of the workload's format, the same in every
/// language.</summary>
/// <remarks>Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators" (2021). One thread.</remarks>
internal sealed class WorkloadRandom
{
    private ulong _a;
    private ulong _b;
    private ulong _c;
    private ulong _d;

    public WorkloadRandom(ulong seed)
    {
        _a = SplitMix(ref seed);
        _b = SplitMix(ref seed);
        _c = SplitMix(ref seed);
        _d = SplitMix(ref seed);
    }

    public ulong Next()
    {
        ulong result = BitOperations.RotateLeft(_b * 5, 7) * 9;
        ulong shifted = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= shifted;
        _d = BitOperations.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>A number from 0 up to, and without, <paramref name="bound"/>.</summary>
    public ulong Below(ulong bound) => Math.BigMul(Next(), bound, out _);

    /// <summary>A number from 0 up to, and without, 1.</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1L << 53));

    /// <summary>The 32 bytes that belong to a seed.</summary>
    public static void Fill32(ulong seed, Span<byte> to)
    {
        for (int i = 0; i < 4; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(to[(8 * i)..], SplitMix(ref seed));
        }
    }

    private static ulong SplitMix(ref ulong state)
    {
        ulong z = state += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
}
