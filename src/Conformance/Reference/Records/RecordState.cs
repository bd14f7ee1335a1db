using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Mortise.Reference;

/// <summary>A whole record store at one LSN; never changes.</summary>
/// <param name="Lsn">The last batch in it.</param>
/// <param name="Next">The location of the next record.</param>
/// <param name="Records">All records by location, deleted ones included.</param>
internal sealed record RecordState(Lsn Lsn, ulong Next, ImmutableSortedDictionary<ulong, StoredRecord> Records)
{
    private const int FixedBytes = 8 + 8 + 1 + 4;

    public static RecordState Empty { get; } = new(Lsn.None, 1, ImmutableSortedDictionary<ulong, StoredRecord>.Empty);

    public byte[] Encode()
    {
        ArrayBufferWriter<byte> to = new();
        BinaryPrimitives.WriteUInt64LittleEndian(to.GetSpan(8), Next);
        to.Advance(8);
        foreach ((ulong location, StoredRecord record) in Records)
        {
            Span<byte> head = to.GetSpan(FixedBytes);
            BinaryPrimitives.WriteUInt64LittleEndian(head, location);
            BinaryPrimitives.WriteUInt64LittleEndian(head[8..], record.Lsn.Value);
            head[16] = record.IsDeleted ? (byte)1 : (byte)0;
            BinaryPrimitives.WriteInt32LittleEndian(head[17..], record.Body.Length);
            to.Advance(FixedBytes);
            to.Write(record.Body);
        }

        return to.WrittenSpan.ToArray();
    }

    public static RecordState Decode(string path, Lsn lsn, ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 8)
        {
            throw StorageException.Corrupt(path, -1, "the payload has no head");
        }

        ulong next = BinaryPrimitives.ReadUInt64LittleEndian(payload);
        payload = payload[8..];
        ImmutableSortedDictionary<ulong, StoredRecord>.Builder records =
            ImmutableSortedDictionary.CreateBuilder<ulong, StoredRecord>();
        while (!payload.IsEmpty)
        {
            uint length = payload.Length < FixedBytes
                ? uint.MaxValue
                : BinaryPrimitives.ReadUInt32LittleEndian(payload[17..]);
            if (length > (uint)(payload.Length - FixedBytes))
            {
                throw StorageException.Corrupt(path, -1, $"a record of {length} bytes, {payload.Length} are left");
            }

            ulong location = BinaryPrimitives.ReadUInt64LittleEndian(payload);
            Lsn at = new(BinaryPrimitives.ReadUInt64LittleEndian(payload[8..]));
            byte[] body = payload.Slice(FixedBytes, (int)length).ToArray();
            records[location] = new StoredRecord(body, at, payload[16] != 0);
            payload = payload[(FixedBytes + (int)length)..];
        }

        return new RecordState(lsn, next, records.ToImmutable());
    }
}
