using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Mortise.BTreeIndex;

/// <summary>The first 8 bytes of (the rest of) a key as a number that sorts like them, zero-padded.</summary>
internal static class KeyHead
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(ReadOnlySpan<byte> rest) =>
        rest.Length >= sizeof(ulong) ? BinaryPrimitives.ReadUInt64BigEndian(rest) : OfShort(rest);

    /// <summary>Compares the rests of two keys whose heads are equal.</summary>
    /// <remarks>A rest shorter than a head is padded with zeros there, so only lengths tell it from its extensions.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int CompareRests(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) =>
        a.Length < sizeof(ulong) || b.Length < sizeof(ulong)
            ? a.Length - b.Length
            : a[sizeof(ulong)..].SequenceCompareTo(b[sizeof(ulong)..]);

    private static ulong OfShort(ReadOnlySpan<byte> rest)
    {
        ulong head = 0;
        for (int i = 0; i < rest.Length; i++)
        {
            head |= (ulong)rest[i] << (56 - (8 * i));
        }

        return head;
    }
}
