using System.IO.Hashing;
using System.Numerics;
using Mortise.Primitives;

namespace Mortise.Wal.Format;

/// <summary>The checksums of frames in one segment: over the bytes, the segment's identity and the offset.</summary>
/// <param name="Key">A number that only this use of this file has.</param>
/// <param name="Algorithm">The record checksum.</param>
internal readonly record struct FrameChecksum(ulong Key, WalChecksum Algorithm)
{
    /// <summary>Different for every offset of a segment, and for every use of a file.</summary>
    public ulong Place(long offset)
    {
        // The finalizer of splitmix64: a bijection, so two offsets of one segment never share a value.
        ulong z = Key + ((ulong)offset * 0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>The check of a header: CRC-32C over its place and its bytes.</summary>
    public static uint OfHeader(ulong place, ReadOnlySpan<byte> afterCheck) =>
        ~Crc32C.Append(BitOperations.Crc32C(~0u, place), afterCheck);

    /// <summary>The check of a frame from behind the check to the end of the payload.</summary>
    public ulong OfFrame(ulong place, ReadOnlySpan<byte> bytes) =>
        place ^ Algorithm switch
        {
            WalChecksum.Crc64 => Crc64.HashToUInt64(bytes),
            WalChecksum.Crc32C => Crc32C.Of(bytes),
            _ => XxHash3.HashToUInt64(bytes),
        };

    /// <summary>The same for a payload that does not stand behind its header.</summary>
    public ulong OfFrame(ulong place, ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload)
    {
        switch (Algorithm)
        {
            case WalChecksum.Crc64:
                var crc = new Crc64();
                crc.Append(head);
                crc.Append(payload);
                return place ^ crc.GetCurrentHashAsUInt64();
            case WalChecksum.Crc32C:
                return place ^ Crc32C.Of(head, payload);
            default:
                var hash = new XxHash3();
                hash.Append(head);
                hash.Append(payload);
                return place ^ hash.GetCurrentHashAsUInt64();
        }
    }
}
