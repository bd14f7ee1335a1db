using System.Buffers.Binary;

namespace Mortise.Simulation;

/// <summary>The records of a made-up domain: a unique id, a group that many share, an ordinal, and a body.</summary>
public static class SimRecord
{
    /// <summary>Bytes before the body.</summary>
    public const int HeaderBytes = 3 * sizeof(long);

    /// <summary>Makes a record.</summary>
    public static byte[] Make(long id, long group, long ordinal, int bodyLength, byte fill)
    {
        byte[] record = new byte[HeaderBytes + bodyLength];
        BinaryPrimitives.WriteInt64BigEndian(record, id);
        BinaryPrimitives.WriteInt64BigEndian(record.AsSpan(sizeof(long)), group);
        BinaryPrimitives.WriteInt64BigEndian(record.AsSpan(2 * sizeof(long)), ordinal);
        record.AsSpan(HeaderBytes).Fill(fill);
        return record;
    }

    /// <summary>The unique id.</summary>
    public static long Id(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadInt64BigEndian(record);

    /// <summary>The group.</summary>
    public static long Group(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadInt64BigEndian(record[sizeof(long)..]);

    /// <summary>The ordinal.</summary>
    public static long Ordinal(ReadOnlySpan<byte> record) =>
        BinaryPrimitives.ReadInt64BigEndian(record[(2 * sizeof(long))..]);

    /// <summary>The key of an id in the family of ids.</summary>
    public static byte[] IdKey(long id)
    {
        byte[] key = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(key, id);
        return key;
    }
}
