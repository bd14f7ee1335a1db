using System.Buffers.Binary;

namespace Mortise.Engine.Tests;

/// <summary>The records of a made-up domain: a unique id, a group that many share, an ordinal, and a body.</summary>
internal static class TestRecord
{
    public const int HeaderBytes = 24;

    public static byte[] Make(long id, long group, long ordinal, int bodyLength, byte fill = 0xAB)
    {
        byte[] record = new byte[HeaderBytes + bodyLength];
        BinaryPrimitives.WriteInt64BigEndian(record, id);
        BinaryPrimitives.WriteInt64BigEndian(record.AsSpan(8), group);
        BinaryPrimitives.WriteInt64BigEndian(record.AsSpan(16), ordinal);
        record.AsSpan(HeaderBytes).Fill(fill);
        return record;
    }

    public static long Id(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadInt64BigEndian(record);

    public static long Group(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadInt64BigEndian(record[8..]);

    public static long Ordinal(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadInt64BigEndian(record[16..]);

    public static byte[] IdKey(long id)
    {
        byte[] key = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(key, id);
        return key;
    }
}
