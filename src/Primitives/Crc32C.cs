using System.Buffers.Binary;
using System.Numerics;

namespace Mortise.Primitives;

/// <summary>CRC-32C (Castagnoli, RFC 3720 appendix B.4), on the processor's instruction where there is one.</summary>
public static class Crc32C
{
    /// <summary>The checksum of some bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes) => ~Append(~0u, bytes);

    /// <summary>The checksum of two spans as if they were one.</summary>
    public static uint Of(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => ~Append(Append(~0u, first), second);

    /// <summary>Continues an inverted running checksum; start with <c>~0u</c> and invert the end result.</summary>
    public static uint Append(uint running, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= sizeof(ulong))
        {
            running = BitOperations.Crc32C(running, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (byte b in bytes)
        {
            running = BitOperations.Crc32C(running, b);
        }

        return running;
    }
}
