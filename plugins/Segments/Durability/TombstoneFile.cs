using System.Runtime.InteropServices;
using Mortise.Files;
using Mortise.Primitives;
using Mortise.Records;

namespace Mortise.Segments;

/// <summary>Keeps deleted locations on disk, as blocks appended behind those that the last checkpoint counts.</summary>
/// <remarks>Threads: one checkpoint at a time. What lies behind <see cref="Durable"/> means nothing: it is overwritten
/// by the next checkpoint.</remarks>
internal sealed class TombstoneFile(SegmentCatalog catalog, TombstonePosition durable) : IDisposable
{
    private IStorageFile? _file;
    private uint _fileGeneration;

    /// <summary>What the last checkpoint counts.</summary>
    public TombstonePosition Durable { get; private set; } = durable;

    /// <summary>Reads all tombstones that count.</summary>
    /// <param name="catalog">Where the file is.</param>
    /// <param name="position">What counts of it.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Corrupt"/> or another typed error.</exception>
    public static List<RecordLocation> ReadAll(SegmentCatalog catalog, TombstonePosition position)
    {
        List<RecordLocation> locations = [];
        if (position.Generation == 0)
        {
            return locations;
        }

        string name = SegmentFormat.TombstoneName(position.Generation);
        string path = catalog.PathOf(name);
        if (!catalog.Files.Exists(name))
        {
            throw StorageException.Corrupt(path, -1, $"is missing; it held {position.Count} tombstones");
        }

        using IStorageFile file = catalog.Files.Open(name, FileIntent.Read);
        byte[] buffer = new byte[TombstoneFormat.HeaderBytes];
        int read = file.Read(buffer, 0);
        if (TombstoneFormat.HeaderProblem(buffer.AsSpan(0, read), catalog.StoreId, position.Generation, path)
            is { } problem)
        {
            throw problem;
        }

        if (position.End < TombstoneFormat.HeaderBytes || file.Length < position.End)
        {
            throw StorageException.Corrupt(
                path, file.Length, $"ends after {file.Length} bytes, its tombstones end at {position.End}");
        }

        ulong chain = 0;
        for (long offset = TombstoneFormat.HeaderBytes; offset < position.End;)
        {
            int size = ReadBlock(file, offset, position, catalog.StoreKey, ref buffer, locations, ref chain);
            if (size == 0)
            {
                throw StorageException.Corrupt(path, offset, "a block of tombstones fails its checksum");
            }

            offset += size;
        }

        return chain == position.Chain && locations.Count == position.Count
            ? locations
            : throw StorageException.Corrupt(
                path,
                TombstoneFormat.HeaderBytes,
                $"holds {locations.Count} tombstones that are not the {position.Count} of the checkpoint");
    }

    /// <summary>Adds tombstones behind those that count, and makes them durable. The next checkpoint counts them.</summary>
    /// <param name="deleted">Location values, each once, in any order; sorted by the call.</param>
    /// <param name="lsn">The checkpoint's LSN.</param>
    /// <param name="namesChanged">Set when the directory has to be synced.</param>
    public TombstonePosition Append(List<ulong> deleted, Lsn lsn, ref bool namesChanged)
    {
        if (deleted.Count == 0)
        {
            return Durable;
        }

        TombstonePosition position = Durable.Generation == 0
            ? new TombstonePosition(1, TombstoneFormat.HeaderBytes, 0, 0)
            : Durable;
        return Write(position, deleted, lsn, ref namesChanged);
    }

    /// <summary>Writes a new file: the tombstones that count and whose segment is still there, and more.</summary>
    /// <param name="deleted">As <see cref="Append"/>.</param>
    /// <param name="lsn">The checkpoint's LSN.</param>
    /// <param name="namesChanged">Set when the directory has to be synced.</param>
    public TombstonePosition Rewrite(List<ulong> deleted, Lsn lsn, ref bool namesChanged)
    {
        List<ulong> kept = [];
        foreach (RecordLocation location in ReadAll(catalog, Durable))
        {
            if (catalog.Find(SegmentAddress.Of(location).Segment) is not null)
            {
                kept.Add(location.Value);
            }
        }

        kept.AddRange(deleted);
        return WriteAnew(kept, lsn, ref namesChanged);
    }

    /// <summary>Writes a new file of the next generation.</summary>
    /// <param name="locations">All that it is to hold; sorted here.</param>
    /// <param name="lsn">The checkpoint's LSN.</param>
    /// <param name="namesChanged">Set when the directory has to be synced.</param>
    public TombstonePosition WriteAnew(List<ulong> locations, Lsn lsn, ref bool namesChanged)
    {
        var position = new TombstonePosition(checked(Durable.Generation + 1), TombstoneFormat.HeaderBytes, 0, 0);
        return Write(position, locations, lsn, ref namesChanged);
    }

    /// <summary>A durable checkpoint counts this position now.</summary>
    public void Commit(TombstonePosition position)
    {
        uint old = Durable.Generation;
        Durable = position;
        if (old != 0 && old != position.Generation)
        {
            catalog.Files.Delete(SegmentFormat.TombstoneName(old));
        }
    }

    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    private TombstonePosition Write(
        TombstonePosition position, List<ulong> deleted, Lsn lsn, ref bool namesChanged)
    {
        IStorageFile file = EnsureFile(position, ref namesChanged);
        deleted.Sort();
        Span<ulong> rest = CollectionsMarshal.AsSpan(deleted);
        while (rest.Length > 0)
        {
            Span<ulong> some = rest[..Math.Min(rest.Length, TombstoneFormat.MaxBlockCount)];
            byte[] block = TombstoneFormat.EncodeBlock(some, lsn, Key(catalog.StoreKey, position, position.End));
            file.Write(block, position.End);
            position = new TombstonePosition(
                position.Generation,
                position.End + block.Length,
                position.Count + some.Length,
                TombstoneFormat.Link(position.Chain, TombstoneFormat.BlockChecksum(block)));
            rest = rest[some.Length..];
        }

        file.Sync(SyncKind.Data);
        return position;
    }

    private IStorageFile EnsureFile(TombstonePosition position, ref bool namesChanged)
    {
        if (_file is not null && _fileGeneration == position.Generation)
        {
            namesChanged |= position.End == TombstoneFormat.HeaderBytes;
            return _file;
        }

        Dispose();
        IStorageFile file = catalog.Files.Open(
            SegmentFormat.TombstoneName(position.Generation), FileIntent.OpenOrCreate);
        try
        {
            if (position.End == TombstoneFormat.HeaderBytes)
            {
                file.SetLength(0);
                file.Write(TombstoneFormat.CreateHeader(catalog.StoreId, position.Generation), 0);
                namesChanged = true;
            }

            Invariant.Holds(file.Length >= position.End);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        _fileGeneration = position.Generation;
        return _file = file;
    }

    /// <summary>Reads one block of an open tombstone file.</summary>
    /// <returns>Its size; 0 when it is damaged.</returns>
    internal static int ReadBlock(
        IStorageFile file,
        long offset,
        TombstonePosition position,
        ulong storeKey,
        ref byte[] buffer,
        List<RecordLocation> locations,
        ref ulong chain)
    {
        long room = position.End - offset;
        if (buffer.Length < TombstoneFormat.BlockHeaderBytes || room < TombstoneFormat.BlockHeaderBytes)
        {
            return 0;
        }

        int read = file.Read(buffer.AsSpan(0, TombstoneFormat.BlockHeaderBytes), offset);
        long size = read < TombstoneFormat.BlockHeaderBytes ? 0 : TombstoneFormat.BlockBytes(buffer);
        if (size == 0 || size > room)
        {
            return 0;
        }

        if (buffer.Length < size)
        {
            buffer = new byte[size];
        }

        read = file.Read(buffer.AsSpan(0, (int)size), offset);
        return TombstoneFormat.TryDecodeBlock(
            buffer.AsSpan(0, read), Key(storeKey, position, offset), locations, ref chain);
    }

    private static ulong Key(ulong storeKey, TombstonePosition position, long offset) =>
        SegmentFormat.PositionKey(storeKey, TombstoneFormat.Place(position.Generation, offset));
}
