using System.Buffers.Binary;
using System.IO.Hashing;

namespace Mortise.Wal.Format;

/// <summary>What one slot of the control file says: which segments there are, and whether the log was closed in
/// order.</summary>
internal sealed record ControlState
{
    private const uint CleanFlag = 1;

    public required Guid StoreId { get; init; }

    /// <summary>One more with each write; the higher valid slot counts. The slot is <c>Generation mod 2</c>.</summary>
    public required ulong Generation { get; init; }

    /// <summary>The oldest segment that is part of the log; 0 before the first segment.</summary>
    public required ulong Oldest { get; init; }

    /// <summary>The newest segment; a newer one may exist, this one must. 0 before the first segment.</summary>
    public required ulong Active { get; init; }

    /// <summary>Nothing was written behind <see cref="End"/> of the active segment, and everything before is
    /// durable.</summary>
    public required bool IsClean { get; init; }

    /// <summary>The last record; meaningful when clean.</summary>
    public required ulong LastLsn { get; init; }

    /// <summary>Where the next frame goes; meaningful when clean.</summary>
    public required long End { get; init; }

    /// <summary>Everything up to here was durable when the slot was written.</summary>
    public required ulong DurableLsn { get; init; }

    public required long TimeMicroseconds { get; init; }

    public long SlotOffset => (long)(Generation & 1) * WalFormat.SlotDistance;

    public void Write(Span<byte> slot)
    {
        slot.Clear();
        WalFormat.ControlMagic.CopyTo(slot);
        BinaryPrimitives.WriteUInt32LittleEndian(slot[8..], WalFormat.Version);
        BinaryPrimitives.WriteUInt32LittleEndian(slot[12..], IsClean ? CleanFlag : 0);
        StoreId.TryWriteBytes(slot[16..], bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[32..], Generation);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[40..], Oldest);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[48..], Active);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[56..], LastLsn);
        BinaryPrimitives.WriteInt64LittleEndian(slot[64..], End);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[72..], DurableLsn);
        BinaryPrimitives.WriteInt64LittleEndian(slot[80..], TimeMicroseconds);
        BinaryPrimitives.WriteUInt64LittleEndian(
            slot[WalFormat.SlotChecksumAt..], Crc64.HashToUInt64(slot[..WalFormat.SlotChecksumAt]));
    }

    /// <summary>Reads a slot from untrusted bytes.</summary>
    /// <param name="slot">The slot's bytes.</param>
    /// <param name="index">Which slot, 0 or 1.</param>
    /// <param name="file">The file's path, for messages.</param>
    /// <param name="storeId">The store it must belong to; null to accept any.</param>
    /// <returns>Null when the slot is damaged, half written, or in the wrong place.</returns>
    /// <exception cref="StorageException">It is whole, but of another store or version.</exception>
    public static ControlState? Read(ReadOnlySpan<byte> slot, int index, string file, Guid? storeId)
    {
        if (slot.Length < WalFormat.SlotBytes || !slot.StartsWith(WalFormat.ControlMagic)
            || BinaryPrimitives.ReadUInt64LittleEndian(slot[WalFormat.SlotChecksumAt..])
            != Crc64.HashToUInt64(slot[..WalFormat.SlotChecksumAt]))
        {
            return null;
        }

        FormatVersion.Check(BinaryPrimitives.ReadUInt32LittleEndian(slot[8..]), file);
        var state = new ControlState
        {
            IsClean = (BinaryPrimitives.ReadUInt32LittleEndian(slot[12..]) & CleanFlag) != 0,
            StoreId = new Guid(slot.Slice(16, 16), bigEndian: true),
            Generation = BinaryPrimitives.ReadUInt64LittleEndian(slot[32..]),
            Oldest = BinaryPrimitives.ReadUInt64LittleEndian(slot[40..]),
            Active = BinaryPrimitives.ReadUInt64LittleEndian(slot[48..]),
            LastLsn = BinaryPrimitives.ReadUInt64LittleEndian(slot[56..]),
            End = BinaryPrimitives.ReadInt64LittleEndian(slot[64..]),
            DurableLsn = BinaryPrimitives.ReadUInt64LittleEndian(slot[72..]),
            TimeMicroseconds = BinaryPrimitives.ReadInt64LittleEndian(slot[80..]),
        };
        FormatVersion.CheckStore(state.StoreId, storeId, file);
        return (int)(state.Generation & 1) == index ? state : null;
    }
}
