namespace Mortise.Wal;

/// <summary>The checksum over each record. The number is what a segment's header holds.</summary>
public enum WalChecksum
{
    /// <summary>CRC-64 (ECMA-182), as in System.IO.Hashing: every burst of up to 64 bits is detected for
    /// certain.</summary>
    Crc64 = 1,

    /// <summary>CRC-32C (Castagnoli): half the strength; one instruction per 8 bytes on nearly every
    /// processor.</summary>
    Crc32C = 2,

    /// <summary>XXH3, 64 bits: the fastest for large payloads; detection is by chance only (1 in 2^64), with no
    /// guarantee for bursts.</summary>
    XxHash3 = 3,
}
