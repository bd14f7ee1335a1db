using System.Buffers.Binary;
using System.IO.Hashing;
using Mortise.Primitives;

namespace Mortise.Segments;

/// <summary>The checkpoint file: what is durable. Replaced as a whole, never rewritten in place.</summary>
internal static class CheckpointFormat
{
    public const int VersionOffset = 8;
    public const int SegmentCountOffset = 12;
    public const int StoreIdOffset = 16;
    public const int SequenceOffset = 32;
    public const int LsnOffset = 40;
    public const int TombstoneGenerationOffset = 48;
    public const int DroppedCountOffset = 52;
    public const int TombstoneEndOffset = 56;
    public const int TombstoneCountOffset = 64;
    public const int TombstoneChainOffset = 72;
    public const int HeaderBytes = 80;
    public const int EntryBytes = 64;
    public const int EntryBytesOfVersion1 = 48;
    public const int DroppedBytes = 4;
    public const int ChecksumBytes = 8;

    /// <summary>Far above what 32-bit segment numbers of the smallest size make sense for; bounds what open allocates.</summary>
    public const int MaxBytes = 256 << 20;

    public static ReadOnlySpan<byte> Magic => "MORT-CKP"u8;

    public static byte[] Encode(CheckpointState state, Guid storeId)
    {
        long length = HeaderBytes + (long)EntryBytes * state.Segments.Count
            + (long)DroppedBytes * state.Dropped.Count + ChecksumBytes;
        Invariant.Holds(length <= MaxBytes);
        byte[] bytes = new byte[length];
        Magic.CopyTo(bytes);
        Put32(bytes, VersionOffset, SegmentFormat.Version);
        Put32(bytes, SegmentCountOffset, (uint)state.Segments.Count);
        storeId.TryWriteBytes(bytes.AsSpan(StoreIdOffset), bigEndian: true, out _);
        Put64(bytes, SequenceOffset, state.Sequence);
        Put64(bytes, LsnOffset, state.Lsn.Value);
        Put32(bytes, TombstoneGenerationOffset, state.Tombstones.Generation);
        Put32(bytes, DroppedCountOffset, (uint)state.Dropped.Count);
        Put64(bytes, TombstoneEndOffset, (ulong)state.Tombstones.End);
        Put64(bytes, TombstoneCountOffset, (ulong)state.Tombstones.Count);
        Put64(bytes, TombstoneChainOffset, state.Tombstones.Chain);
        int at = HeaderBytes;
        foreach (SegmentEntry entry in state.Segments)
        {
            Put32(bytes, at, entry.Number);
            Put32(bytes, at + 4, entry.LastFrameBytes);
            Put64(bytes, at + 8, (ulong)entry.End);
            Put64(bytes, at + 16, (ulong)entry.Usage.LiveRecords);
            Put64(bytes, at + 24, (ulong)entry.Usage.LiveBytes);
            Put64(bytes, at + 32, (ulong)entry.Usage.DeadRecords);
            Put64(bytes, at + 40, (ulong)entry.Usage.DeadBytes);
            Put32(bytes, at + 48, (uint)entry.Encoding);
            Put32(bytes, at + 52, entry.IndexBytes);
            Put64(bytes, at + 56, (ulong)entry.FileEnd);
            at += EntryBytes;
        }

        foreach (uint number in state.Dropped)
        {
            Put32(bytes, at, number);
            at += DroppedBytes;
        }

        Put64(bytes, at, XxHash3.HashToUInt64(bytes.AsSpan(0, at)));
        return bytes;
    }

    /// <summary>Reads a checkpoint from untrusted bytes.</summary>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.UnknownWriter"/>,
    /// <see cref="StorageErrorCode.FormatTooNew"/>, <see cref="StorageErrorCode.FormatTooOld"/>,
    /// <see cref="StorageErrorCode.ForeignFile"/> or <see cref="StorageErrorCode.Corrupt"/>.</exception>
    public static CheckpointState Decode(ReadOnlySpan<byte> bytes, Guid storeId, string file)
    {
        if (bytes.Length < HeaderBytes + ChecksumBytes)
        {
            throw StorageException.Corrupt(
                file, 0, $"is {bytes.Length} bytes long, a checkpoint has at least {HeaderBytes + ChecksumBytes}");
        }

        if (!bytes.StartsWith(Magic))
        {
            throw SegmentFormat.UnknownWriter(file);
        }

        uint version = Get32(bytes, VersionOffset);
        if (SegmentFormat.VersionProblem(version, file) is { } problem)
        {
            throw problem;
        }

        int entryBytes = version == 1 ? EntryBytesOfVersion1 : EntryBytes;

        int end = bytes.Length - ChecksumBytes;
        if (Get64(bytes, end) != XxHash3.HashToUInt64(bytes[..end]))
        {
            throw StorageException.Corrupt(file, 0, "the checkpoint fails its checksum");
        }

        var store = new Guid(bytes.Slice(StoreIdOffset, 16), bigEndian: true);
        if (store != storeId)
        {
            throw SegmentFormat.Foreign(store, storeId, file, StoreIdOffset);
        }

        uint segments = Get32(bytes, SegmentCountOffset);
        uint dropped = Get32(bytes, DroppedCountOffset);
        if (HeaderBytes + entryBytes * (long)segments + DroppedBytes * (long)dropped != end)
        {
            throw StorageException.Corrupt(
                file, SegmentCountOffset, $"names {segments} segments and {dropped} dropped ones in {bytes.Length} bytes");
        }

        return new CheckpointState
        {
            Sequence = Get64(bytes, SequenceOffset),
            Lsn = new Lsn(Get64(bytes, LsnOffset)),
            Tombstones = new TombstonePosition(
                Get32(bytes, TombstoneGenerationOffset),
                (long)Get64(bytes, TombstoneEndOffset),
                (long)Get64(bytes, TombstoneCountOffset),
                Get64(bytes, TombstoneChainOffset)),
            Segments = DecodeEntries(bytes, (int)segments, entryBytes, file),
            Dropped = DecodeDropped(bytes[(HeaderBytes + entryBytes * (int)segments)..end]),
        };
    }

    private static SegmentEntry[] DecodeEntries(ReadOnlySpan<byte> bytes, int count, int entryBytes, string file)
    {
        var entries = new SegmentEntry[count];
        uint previous = 0;
        for (int i = 0; i < count; i++)
        {
            int at = HeaderBytes + entryBytes * i;
            var entry = new SegmentEntry(
                Get32(bytes, at),
                Get32(bytes, at + 4),
                (long)Get64(bytes, at + 8),
                new RecordTotals(
                    (long)Get64(bytes, at + 16),
                    (long)Get64(bytes, at + 24),
                    (long)Get64(bytes, at + 32),
                    (long)Get64(bytes, at + 40)));
            if (entryBytes == EntryBytes)
            {
                entry = entry with
                {
                    Encoding = (SegmentEncoding)Get32(bytes, at + 48),
                    IndexBytes = Get32(bytes, at + 52),
                    FileEnd = (long)Get64(bytes, at + 56),
                };
            }

            if (entry.Number <= previous || !IsPossible(entry))
            {
                throw StorageException.Corrupt(file, at, $"the entry of segment {entry.Number} contradicts itself");
            }

            entries[i] = entry;
            previous = entry.Number;
        }

        return entries;
    }

    private static bool IsPossible(SegmentEntry entry)
    {
        long used = entry.End - SegmentHeader.Bytes;
        RecordTotals usage = entry.Usage;
        return entry.End is > SegmentHeader.Bytes and <= FrameFormat.MaxSegmentBytes
            && used % FrameFormat.Alignment == 0
            && entry.LastFrameBytes % FrameFormat.Alignment == 0
            && entry.LastFrameBytes >= FrameFormat.MinFrameBytes
            && entry.LastFrameBytes <= used
            && IsPossibleFile(entry)
            && usage.LiveRecords >= 0 && usage.LiveBytes >= 0 && usage.DeadRecords >= 0 && usage.DeadBytes >= 0
            && usage.LiveRecords <= used && usage.LiveBytes <= used
            && usage.DeadRecords <= used && usage.DeadBytes <= used;
    }

    private static bool IsPossibleFile(SegmentEntry entry) => entry.Encoding switch
    {
        SegmentEncoding.Plain => entry.FileEnd == entry.End && entry.IndexBytes == 0,
        SegmentEncoding.Packed => entry.FileEnd <= FrameFormat.MaxSegmentBytes
            && entry.FileEnd - entry.IndexBytes > SegmentHeader.Bytes,
        _ => false,
    };

    private static uint[] DecodeDropped(ReadOnlySpan<byte> bytes)
    {
        uint[] numbers = new uint[bytes.Length / DroppedBytes];
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = Get32(bytes, i * DroppedBytes);
        }

        return numbers;
    }

    private static void Put32(Span<byte> to, int at, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(to[at..], value);

    private static void Put64(Span<byte> to, int at, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(to[at..], value);

    private static uint Get32(ReadOnlySpan<byte> from, int at) => BinaryPrimitives.ReadUInt32LittleEndian(from[at..]);

    private static ulong Get64(ReadOnlySpan<byte> from, int at) => BinaryPrimitives.ReadUInt64LittleEndian(from[at..]);
}
