using System.Buffers.Binary;

namespace Mortise.Nostr;

/// <summary>32 bytes as a value that compares as they do.</summary>
internal readonly record struct Id32(ulong A, ulong B, ulong C, ulong D) : IComparable<Id32>
{
    public static Id32 Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64BigEndian(bytes),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]));

    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt64BigEndian(to, A);
        BinaryPrimitives.WriteUInt64BigEndian(to[8..], B);
        BinaryPrimitives.WriteUInt64BigEndian(to[16..], C);
        BinaryPrimitives.WriteUInt64BigEndian(to[24..], D);
    }

    public int CompareTo(Id32 other)
    {
        int comparison = A.CompareTo(other.A);
        comparison = comparison != 0 ? comparison : B.CompareTo(other.B);
        comparison = comparison != 0 ? comparison : C.CompareTo(other.C);
        return comparison != 0 ? comparison : D.CompareTo(other.D);
    }
}
