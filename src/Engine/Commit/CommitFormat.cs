using System.Buffers.Binary;
using Mortise.Partitioning;
using Mortise.Primitives;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>The payload of a log record: one commit. Little-endian; the log adds length, LSN and checksum.</summary>
/// <remarks><code>
/// 0  u8      version     1; 3 of a commit that drops a range (2 of one that deleted its records, too); 4 where bodies may be
///                        written ahead of the log
/// 1  varint  time        milliseconds since 1970-01-01 UTC when the commit was made
/// .  varint  operations  how many follow
///    then in version 4
/// .  varint  durable     every commit up to this LSN was durable, bodies included, when this one was made; 0 = does not say
///    then per operation
/// 0  u8      kind        1 = put, 2 = delete, 3 = drop a range (the first operation, at most once; not in version 1),
///                        4 = put whose record is in the record store already (version 4)
/// 1  u64     location    of all but a drop: where the record is or goes
///    then for a put
/// 9  varint  length      bytes of the record, 1 and up
/// .  bytes   record
///    then for a put whose record is in the record store
/// 9  varint  length      bytes of the record, 1 and up
/// .  u64     check       what the record store gave to know the record by
///    then for a drop, instead of the location
/// 1  i64     first       ordinals of which no index entry is left, both ends included
/// 9  i64     last
/// 17 u64     below       records of the range that lie before it are in force no more   (not in version 2)
/// .  varint  records     about how many they are                                        (not in version 2)
/// </code></remarks>
internal static class CommitFormat
{
    public const byte Version = 1;

    /// <summary>Of a commit that drops a range and deletes each of its records; read, and not written any more.</summary>
    public const byte DeletingDropVersion = 2;

    /// <summary>Of a commit that drops a range, so that a reader that would keep its records refuses it.</summary>
    public const byte DropVersion = 3;

    /// <summary>Of a commit that may refer to bodies, and says how far the commits before it were durable.</summary>
    public const byte ReferenceVersion = 4;

    public const byte PutKind = (byte)RecordOperation.Put;
    public const byte DeleteKind = (byte)RecordOperation.Delete;
    public const byte DropKind = 3;
    public const byte ReferenceKind = 4;
    public const int LocationOffset = sizeof(byte);
    public const int DeleteBytes = LocationOffset + sizeof(ulong);
    public const int RangeBytes = sizeof(byte) + (2 * sizeof(long));
    public const int MaxDropBytes = RangeBytes + sizeof(ulong) + Varint.MaxBytes;

    /// <summary>The most bytes a commit takes.</summary>
    public static long MaxSize(int operations, long recordBytes) =>
        1 + (3 * Varint.MaxBytes) + MaxDropBytes
        + ((long)operations * (DeleteBytes + Varint.MaxBytes + sizeof(ulong))) + recordBytes;

    public static int WriteHeader(Span<byte> to, long unixMilliseconds, int operations, byte version = Version)
    {
        to[0] = version;
        int at = 1;
        at += Varint.Write(to[at..], (ulong)Math.Max(0, unixMilliseconds));
        at += Varint.Write(to[at..], (ulong)operations);
        return at;
    }

    public static int WriteReferenceHeader(Span<byte> to, long unixMilliseconds, int operations, Lsn durable)
    {
        int at = WriteHeader(to, unixMilliseconds, operations, ReferenceVersion);
        return at + Varint.Write(to[at..], durable.Value);
    }

    public static int WritePut(Span<byte> to, RecordLocation location, ReadOnlySpan<byte> record)
    {
        to[0] = PutKind;
        BinaryPrimitives.WriteUInt64LittleEndian(to[LocationOffset..], location.Value);
        int at = DeleteBytes;
        at += Varint.Write(to[at..], (ulong)record.Length);
        record.CopyTo(to[at..]);
        return at + record.Length;
    }

    public static int WriteReference(Span<byte> to, RecordLocation location, int length, ulong check)
    {
        to[0] = ReferenceKind;
        BinaryPrimitives.WriteUInt64LittleEndian(to[LocationOffset..], location.Value);
        int at = DeleteBytes;
        at += Varint.Write(to[at..], (ulong)length);
        BinaryPrimitives.WriteUInt64LittleEndian(to[at..], check);
        return at + sizeof(ulong);
    }

    public static int WriteDelete(Span<byte> to, RecordLocation location)
    {
        to[0] = DeleteKind;
        BinaryPrimitives.WriteUInt64LittleEndian(to[LocationOffset..], location.Value);
        return DeleteBytes;
    }

    public static int WriteDrop(Span<byte> to, LoggedDrop drop)
    {
        to[0] = DropKind;
        BinaryPrimitives.WriteInt64LittleEndian(to[1..], drop.Range.First);
        BinaryPrimitives.WriteInt64LittleEndian(to[(1 + sizeof(long))..], drop.Range.Last);
        BinaryPrimitives.WriteUInt64LittleEndian(to[RangeBytes..], drop.Below.Value);
        int at = RangeBytes + sizeof(ulong);
        return at + Varint.Write(to[at..], (ulong)drop.Records);
    }

    /// <summary>Reads a commit; every length is checked before it is used.</summary>
    /// <param name="lsn">The commit, for messages.</param>
    /// <param name="payload">The log record's payload.</param>
    /// <param name="commit">Receives what it holds; offsets point into <paramref name="payload"/>.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Corrupt"/> or
    /// <see cref="StorageErrorCode.FormatTooNew"/>.</exception>
    public static void Read(Lsn lsn, ReadOnlySpan<byte> payload, CommitContent commit)
    {
        commit.Clear();
        if (payload.IsEmpty)
        {
            throw Damaged(lsn, 0, "an empty commit");
        }

        byte version = payload[0];
        if (version is < Version or > ReferenceVersion)
        {
            throw new StorageException(
                StorageErrorCode.FormatTooNew,
                $"commit {lsn} has format version {version}, this engine reads {Version} to {ReferenceVersion}",
                advice: "open the store with a newer engine");
        }

        int at = 1;
        commit.Milliseconds = (long)Math.Min(ReadVarint(lsn, payload, ref at), long.MaxValue);
        ulong count = ReadVarint(lsn, payload, ref at);
        if (version == ReferenceVersion)
        {
            commit.Durable = new Lsn(ReadVarint(lsn, payload, ref at));
            if (commit.Durable >= lsn)
            {
                throw Damaged(lsn, at, $"says that commit {commit.Durable} was before it");
            }
        }

        if (count > (ulong)(payload.Length - at) / DeleteBytes)
        {
            throw Damaged(lsn, at, $"{count} operations in {payload.Length - at} bytes");
        }

        for (ulong i = 0; i < count; i++)
        {
            if (payload.Length - at < DeleteBytes)
            {
                throw Damaged(lsn, at, "an operation ends early");
            }

            if (payload[at] == DropKind && version != Version && i == 0)
            {
                commit.Dropped = ReadDrop(lsn, payload, version, ref at);
            }
            else
            {
                ReadOperation(lsn, version, payload, ref at, commit);
            }
        }

        if (at != payload.Length)
        {
            throw Damaged(lsn, at, $"{payload.Length - at} bytes after the last operation");
        }
    }

    private static void ReadOperation(Lsn lsn, byte version, ReadOnlySpan<byte> payload, ref int at, CommitContent commit)
    {
        byte kind = payload[at];
        var location = new RecordLocation(BinaryPrimitives.ReadUInt64LittleEndian(payload[(at + LocationOffset)..]));
        at += DeleteBytes;
        if (kind == DeleteKind)
        {
            commit.Add(new RecordMutation(RecordOperation.Delete, location, 0, 0));
        }
        else if (kind == PutKind)
        {
            ulong length = ReadVarint(lsn, payload, ref at);
            if (length == 0 || length > (ulong)(payload.Length - at))
            {
                throw Damaged(lsn, at, $"a record of {length} bytes in {payload.Length - at}");
            }

            commit.Add(new RecordMutation(RecordOperation.Put, location, at, (int)length));
            at += (int)length;
        }
        else if (kind == ReferenceKind && version == ReferenceVersion)
        {
            ulong length = ReadVarint(lsn, payload, ref at);
            if (length == 0 || length > (ulong)(Array.MaxLength - commit.BodyBytes) || payload.Length - at < sizeof(ulong))
            {
                throw Damaged(lsn, at, $"a reference to a record of {length} bytes");
            }

            commit.AddReference(location, (int)length, BinaryPrimitives.ReadUInt64LittleEndian(payload[at..]));
            at += sizeof(ulong);
        }
        else
        {
            throw Damaged(lsn, at - DeleteBytes, $"operation kind {kind}");
        }
    }

    private static LoggedDrop ReadDrop(Lsn lsn, ReadOnlySpan<byte> payload, byte version, ref int at)
    {
        if (payload.Length - at < RangeBytes + (version == DeletingDropVersion ? 0 : sizeof(ulong)))
        {
            throw Damaged(lsn, at, "an operation ends early");
        }

        var range = new OrdinalRange(
            BinaryPrimitives.ReadInt64LittleEndian(payload[(at + 1)..]),
            BinaryPrimitives.ReadInt64LittleEndian(payload[(at + 1 + sizeof(long))..]));
        if (range.IsEmpty)
        {
            throw Damaged(lsn, at, $"a range from {range.First} to {range.Last}");
        }

        at += RangeBytes;
        if (version == DeletingDropVersion)
        {
            return new LoggedDrop(range, RecordLocation.None, 0);
        }

        var below = new RecordLocation(BinaryPrimitives.ReadUInt64LittleEndian(payload[at..]));
        at += sizeof(ulong);
        ulong records = ReadVarint(lsn, payload, ref at);
        return below != RecordLocation.None && records <= long.MaxValue
            ? new LoggedDrop(range, below, (long)records)
            : throw Damaged(lsn, at, $"{records} records below {below}");
    }

    private static ulong ReadVarint(Lsn lsn, ReadOnlySpan<byte> payload, ref int at)
    {
        int read = Varint.TryRead(payload[at..], out ulong value);
        at += read > 0 ? read : throw Damaged(lsn, at, "a number that is not one");
        return value;
    }

    private static StorageException Damaged(Lsn lsn, int at, string fact) =>
        new(StorageErrorCode.Corrupt, $"commit {lsn} in the log, byte {at}: {fact}");
}
