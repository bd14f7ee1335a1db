using System.Buffers.Binary;
using System.IO.Hashing;

namespace Mortise.Wal;

/// <summary>Time and uniqueness as the format holds them.</summary>
internal static class Clock
{
    /// <summary>Microseconds since 1970, from the injected clock.</summary>
    public static long Microseconds(TimeProvider time) =>
        (time.GetUtcNow().UtcTicks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    /// <summary>The time of a record; the epoch for a number that is no time.</summary>
    public static DateTimeOffset ToTime(long microseconds) =>
        microseconds is >= 0 and < 253_402_300_800_000_000
            ? DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond)
            : DateTimeOffset.UnixEpoch;

    /// <summary>A number for one segment that nobody outside can guess and no earlier use of the file had.</summary>
    public static ulong Salt(ulong seed, ulong sequence, long microseconds)
    {
        Span<byte> all = stackalloc byte[24];
        BinaryPrimitives.WriteUInt64LittleEndian(all, seed);
        BinaryPrimitives.WriteUInt64LittleEndian(all[8..], sequence);
        BinaryPrimitives.WriteInt64LittleEndian(all[16..], microseconds);
        return XxHash3.HashToUInt64(all);
    }
}
