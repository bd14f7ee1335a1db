using System.Globalization;

namespace Mortise.Segments.Tests;

/// <summary>Seeds and sizes of random tests, as the environment asks.</summary>
internal static class TestSeed
{
    public static ulong Value => Number("MORTISE_SEED") ?? 20260401;

    public static int Soak => (int)(Number("MORTISE_SOAK") ?? 1);

    public static byte[] Bytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        if (length > 0 && bytes[0] % 2 == 0)
        {
            // Half of all bodies compress.
            foreach (ref byte b in bytes.AsSpan())
            {
                b &= 3;
            }
        }

        return bytes;
    }

    private static ulong? Number(string variable) =>
        ulong.TryParse(
            Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out ulong n)
            ? n
            : null;
}
