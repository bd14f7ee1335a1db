using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using Mortise.Files;

namespace Mortise.Reference;

/// <summary>The files of <see cref="FiledRecordStore"/>: one for each record, which never changes, and a list of
/// them.</summary>
/// <remarks>All are <see cref="SnapshotFile"/>s. A record's payload is its location and its body; the list's are the
/// next location, then of each record location u64, LSN u64, 1 when it is deleted, length u32. A record that was set
/// aside has a file of another name, and is not there.</remarks>
internal static class RecordFiles
{
    public const string ListName = "list";
    public const string LockName = "lock";

    private const string RecordPrefix = "record-";
    private const string LostPrefix = "lost-";
    private const ulong ListMagic = 0x5453494C43455246; // "FRECLIST" in file order.
    private const ulong RecordMagic = 0x59444F4243455246; // "FRECBODY" in file order.
    private const uint Version = 1;
    private const int LocationBytes = 8;
    private const int ItemBytes = 8 + 8 + 1 + 4;

    public static string RecordName(ulong location) => Name(RecordPrefix, location);

    public static string LostName(ulong location) => Name(LostPrefix, location);

    /// <summary>Locations of all records that have a file, set aside or not, in order.</summary>
    public static IReadOnlyList<ulong> Locations(IStorageDirectory files) =>
    [
        .. files.List()
            .SelectMany(static entry => Parse(entry.Name, RecordPrefix).Concat(Parse(entry.Name, LostPrefix)))
            .Distinct()
            .Order(),
    ];

    /// <summary>The list; its bodies are zeroes. Null when there is none.</summary>
    public static RecordState? ReadList(IStorageDirectory files, Guid storeId) =>
        SnapshotFile.Read(files, ListName, ListMagic, Version, storeId) is { } list
            ? Decode($"{files.Path}/{ListName}", list.Lsn, list.Payload)
            : null;

    public static void WriteList(IStorageDirectory files, Guid storeId, RecordState state) =>
        SnapshotFile.Replace(files, ListName, ListMagic, Version, storeId, state.Lsn, Encode(state));

    /// <summary>A record as its file has it.</summary>
    /// <exception cref="StorageException">The file is missing or damaged, or another store's.</exception>
    public static StoredRecord ReadRecord(IStorageDirectory files, Guid storeId, ulong location)
    {
        string name = RecordName(location);
        (Lsn lsn, byte[] payload) = SnapshotFile.Read(files, name, RecordMagic, Version, storeId)
            ?? throw new StorageException(
                StorageErrorCode.Corrupt, $"the record at {location:x} has no file", $"{files.Path}/{name}");
        return payload.Length > LocationBytes && BinaryPrimitives.ReadUInt64LittleEndian(payload) == location
            ? new StoredRecord(payload[LocationBytes..], lsn, IsDeleted: false)
            : throw StorageException.Corrupt($"{files.Path}/{name}", 0, $"not the record at {location:x}");
    }

    public static void WriteRecord(IStorageDirectory files, Guid storeId, ulong location, StoredRecord record)
    {
        byte[] payload = new byte[LocationBytes + record.Body.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(payload, location);
        record.Body.CopyTo(payload, LocationBytes);
        SnapshotFile.Replace(
            files, RecordName(location), RecordMagic, Version, storeId, record.Lsn, payload);
    }

    /// <summary>The list and the bodies; what cannot be read goes to <paramref name="damaged"/>.</summary>
    /// <returns>Null when there is no list.</returns>
    public static RecordState? Load(
        IStorageDirectory files, Guid storeId, IDictionary<ulong, StorageException> damaged)
    {
        if (ReadList(files, storeId) is not { } list)
        {
            return null;
        }

        ImmutableSortedDictionary<ulong, StoredRecord>.Builder records = list.Records.ToBuilder();
        foreach ((ulong location, StoredRecord listed) in list.Records)
        {
            if (files.Exists(LostName(location)))
            {
                records.Remove(location);
                continue;
            }

            try
            {
                StoredRecord found = ReadRecord(files, storeId, location);
                records[location] = found.Lsn == listed.Lsn && found.Body.Length == listed.Body.Length
                    ? found with { IsDeleted = listed.IsDeleted }
                    : throw StorageException.Corrupt(
                        $"{files.Path}/{RecordName(location)}", 0, $"not the record of {listed.Lsn} that is listed");
            }
            catch (StorageException error) when (error.Code == StorageErrorCode.Corrupt)
            {
                damaged[location] = error;
            }
        }

        return list with { Records = records.ToImmutable() };
    }

    private static string Name(string prefix, ulong location) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}{location:x16}");

    private static IEnumerable<ulong> Parse(string name, string prefix) =>
        name.StartsWith(prefix, StringComparison.Ordinal)
        && ulong.TryParse(
            name.AsSpan(prefix.Length),
            NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture,
            out ulong location)
            ? [location]
            : [];

    private static byte[] Encode(RecordState state)
    {
        byte[] bytes = new byte[LocationBytes + (state.Records.Count * ItemBytes)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, state.Next);
        Span<byte> rest = bytes.AsSpan(LocationBytes);
        foreach ((ulong location, StoredRecord record) in state.Records)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(rest, location);
            BinaryPrimitives.WriteUInt64LittleEndian(rest[8..], record.Lsn.Value);
            rest[16] = record.IsDeleted ? (byte)1 : (byte)0;
            BinaryPrimitives.WriteInt32LittleEndian(rest[17..], record.Body.Length);
            rest = rest[ItemBytes..];
        }

        return bytes;
    }

    private static RecordState Decode(string path, Lsn lsn, ReadOnlySpan<byte> payload)
    {
        if (payload.Length < LocationBytes || (payload.Length - LocationBytes) % ItemBytes != 0)
        {
            throw StorageException.Corrupt(path, -1, $"a list of {payload.Length} bytes");
        }

        ulong next = BinaryPrimitives.ReadUInt64LittleEndian(payload);
        ImmutableSortedDictionary<ulong, StoredRecord>.Builder records =
            ImmutableSortedDictionary.CreateBuilder<ulong, StoredRecord>();
        for (payload = payload[LocationBytes..]; !payload.IsEmpty; payload = payload[ItemBytes..])
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(payload[17..]);
            if (length is < 1 or > SimpleRecordStoreOptions.Largest)
            {
                throw StorageException.Corrupt(path, -1, $"a record of {length} bytes is listed");
            }

            records[BinaryPrimitives.ReadUInt64LittleEndian(payload)] = new StoredRecord(
                new byte[length], new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(payload[8..])), payload[16] != 0);
        }

        return new RecordState(lsn, next, records.ToImmutable());
    }
}
