using System.Buffers.Binary;
using Mortise.Primitives;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>The payload of a log record: one commit. Little-endian; the log adds length, LSN and checksum.</summary>
/// <remarks><code>
/// 0  u8      version     1
/// 1  varint  time        milliseconds since 1970-01-01 UTC when the commit was made
/// .  varint  operations  how many follow
///    then per operation
/// 0  u8      kind        1 = put, 2 = delete
/// 1  u64     location    where the record is or goes
///    then for a put
/// 9  varint  length      bytes of the record, 1 and up
/// .  bytes   record
/// </code></remarks>
internal static class CommitFormat
{
    public const byte Version = 1;
    public const byte PutKind = (byte)RecordOperation.Put;
    public const byte DeleteKind = (byte)RecordOperation.Delete;
    public const int LocationOffset = sizeof(byte);
    public const int DeleteBytes = LocationOffset + sizeof(ulong);

    /// <summary>The most bytes a commit takes.</summary>
    public static long MaxSize(int operations, long recordBytes) =>
        1 + (2 * Varint.MaxBytes) + ((long)operations * (DeleteBytes + Varint.MaxBytes)) + recordBytes;

    public static int WriteHeader(Span<byte> to, long unixMilliseconds, int operations)
    {
        to[0] = Version;
        int at = 1;
        at += Varint.Write(to[at..], (ulong)Math.Max(0, unixMilliseconds));
        at += Varint.Write(to[at..], (ulong)operations);
        return at;
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

    public static int WriteDelete(Span<byte> to, RecordLocation location)
    {
        to[0] = DeleteKind;
        BinaryPrimitives.WriteUInt64LittleEndian(to[LocationOffset..], location.Value);
        return DeleteBytes;
    }

    /// <summary>Reads a commit; every length is checked before it is used.</summary>
    /// <param name="lsn">The commit, for messages.</param>
    /// <param name="payload">The log record's payload.</param>
    /// <param name="mutations">Receives the operations; offsets point into <paramref name="payload"/>.</param>
    /// <returns>When the commit was made, in milliseconds since 1970.</returns>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Corrupt"/> or
    /// <see cref="StorageErrorCode.FormatTooNew"/>.</exception>
    public static long Read(Lsn lsn, ReadOnlySpan<byte> payload, List<RecordMutation> mutations)
    {
        mutations.Clear();
        if (payload.IsEmpty)
        {
            throw Damaged(lsn, 0, "an empty commit");
        }

        if (payload[0] != Version)
        {
            throw new StorageException(
                StorageErrorCode.FormatTooNew,
                $"commit {lsn} has format version {payload[0]}, this engine reads {Version}",
                advice: "open the store with a newer engine");
        }

        int at = 1;
        ulong time = ReadVarint(lsn, payload, ref at);
        ulong count = ReadVarint(lsn, payload, ref at);
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

            byte kind = payload[at];
            var location = new RecordLocation(BinaryPrimitives.ReadUInt64LittleEndian(payload[(at + LocationOffset)..]));
            at += DeleteBytes;
            if (kind == DeleteKind)
            {
                mutations.Add(new RecordMutation(RecordOperation.Delete, location, 0, 0));
            }
            else if (kind == PutKind)
            {
                ulong length = ReadVarint(lsn, payload, ref at);
                if (length == 0 || length > (ulong)(payload.Length - at))
                {
                    throw Damaged(lsn, at, $"a record of {length} bytes in {payload.Length - at}");
                }

                mutations.Add(new RecordMutation(RecordOperation.Put, location, at, (int)length));
                at += (int)length;
            }
            else
            {
                throw Damaged(lsn, at - DeleteBytes, $"operation kind {kind}");
            }
        }

        return at == payload.Length
            ? (long)Math.Min(time, long.MaxValue)
            : throw Damaged(lsn, at, $"{payload.Length - at} bytes after the last operation");
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
