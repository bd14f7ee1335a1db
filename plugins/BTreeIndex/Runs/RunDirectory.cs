using System.Buffers.Binary;

namespace Mortise.BTreeIndex;

/// <summary>The list of durable runs, newest first, as a byte string that directory pages carry in pieces.</summary>
/// <remarks><code>
/// u32  runs
/// for each run, newest first:
///   u64  id           u64  entries        u64  tombstones      u32  height
///   u32  filterStart  u32  filterPages    u32  filterBlocks
///   u32  leaf extents, then (u32 start, u32 pages) each
///   u32  branch extents, then (u32 start, u32 pages) each
///   u32  length of the first key, then it;  u32  length of the last key, then it
/// </code></remarks>
internal static class RunDirectory
{
    /// <summary>More levels than any tree of 2^32 pages with two children a branch has.</summary>
    private const uint MostLevels = 32;

    public static byte[] Write(ReadOnlySpan<RunRecord> newestFirst)
    {
        using var stream = new MemoryStream();
        Span<byte> buffer = stackalloc byte[sizeof(ulong)];
        U32(stream, buffer, (uint)newestFirst.Length);
        foreach (RunRecord run in newestFirst)
        {
            U64(stream, buffer, run.Id);
            U64(stream, buffer, run.Entries);
            U64(stream, buffer, run.Tombstones);
            U32(stream, buffer, (uint)run.Height);
            U32(stream, buffer, run.Filter.Start);
            U32(stream, buffer, run.Filter.Count);
            U32(stream, buffer, run.FilterBlocks);
            Extents(stream, buffer, run.Leaves);
            Extents(stream, buffer, run.Branches);
            U32(stream, buffer, (uint)run.FirstKey.Length);
            stream.Write(run.FirstKey);
            U32(stream, buffer, (uint)run.LastKey.Length);
            stream.Write(run.LastKey);
        }

        return stream.ToArray();
    }

    /// <summary>Reads what <see cref="Write"/> wrote, from untrusted bytes.</summary>
    /// <returns>What is wrong, or null.</returns>
    public static string? TryRead(ReadOnlySpan<byte> bytes, int pageBytes, uint pageCount, List<RunRecord> newestFirst)
    {
        var reader = new Reader(bytes);
        uint runs = reader.U32();
        for (uint i = 0; i < runs && !reader.IsOver; i++)
        {
            ulong id = reader.U64();
            ulong entries = reader.U64();
            ulong tombstones = reader.U64();
            uint height = reader.U32();
            Extent filter = new(reader.U32(), reader.U32());
            uint filterBlocks = reader.U32();
            ExtentList? leaves = reader.Extents(pageCount);
            ExtentList? branches = reader.Extents(pageCount);
            byte[] firstKey = reader.Bytes(PageFormat.MaxKeyBytes(pageBytes));
            byte[] lastKey = reader.Bytes(PageFormat.MaxKeyBytes(pageBytes));
            if (reader.IsOver || leaves is null || branches is null)
            {
                break;
            }

            int blocksPerPage = (pageBytes - PageFormat.HeaderBytes) / PointFilter.BlockBytes;
            bool filterIsWhole = filter.Count == 0
                ? filterBlocks == 0
                : filter.Start >= PageFormat.FirstDataPage && (ulong)filter.Start + filter.Count <= pageCount
                    && filterBlocks > 0 && (ulong)filterBlocks <= (ulong)filter.Count * (ulong)blocksPerPage;
            if (leaves.PageCount == 0 || entries == 0 || tombstones > entries || !filterIsWhole
                || (height == 0) != (branches.PageCount == 0) || (height == 0 && leaves.PageCount != 1)
                || height > branches.PageCount || height > MostLevels || firstKey.Length == 0 || lastKey.Length == 0)
            {
                return $"run {id} contradicts itself";
            }

            newestFirst.Add(new RunRecord
            {
                Id = id,
                Entries = entries,
                Tombstones = tombstones,
                Height = (int)height,
                Leaves = leaves,
                Branches = branches,
                Filter = filter,
                FilterBlocks = filterBlocks,
                FirstKey = firstKey,
                LastKey = lastKey,
            });
        }

        return reader.IsOver || reader.Left > 0 || newestFirst.Count != runs ? "the run directory ends early or late" : null;
    }

    private static void U32(MemoryStream to, Span<byte> buffer, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(buffer, value);
        to.Write(buffer[..sizeof(uint)]);
    }

    private static void U64(MemoryStream to, Span<byte> buffer, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(buffer, value);
        to.Write(buffer);
    }

    private static void Extents(MemoryStream to, Span<byte> buffer, ExtentList list)
    {
        U32(to, buffer, (uint)list.Extents.Length);
        foreach (Extent extent in list.Extents)
        {
            U32(to, buffer, extent.Start);
            U32(to, buffer, extent.Count);
        }
    }

    private ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public bool IsOver { get; private set; }

        public readonly int Left => _rest.Length;

        public uint U32() => Take(sizeof(uint)) is { Length: > 0 } taken ? BinaryPrimitives.ReadUInt32LittleEndian(taken) : 0;

        public ulong U64() => Take(sizeof(ulong)) is { Length: > 0 } taken ? BinaryPrimitives.ReadUInt64LittleEndian(taken) : 0;

        public byte[] Bytes(int most)
        {
            uint length = U32();
            if (length > (uint)most)
            {
                IsOver = true;
                return [];
            }

            return Take((int)length).ToArray();
        }

        public ExtentList? Extents(uint pageCount)
        {
            uint count = U32();
            if (count > (uint)_rest.Length / (2 * sizeof(uint)))
            {
                IsOver = true;
                return null;
            }

            ulong pages = 0;
            Extent[] extents = new Extent[count];
            for (uint i = 0; i < count; i++)
            {
                Extent extent = new(U32(), U32());
                pages += extent.Count;
                if (extent.Start < PageFormat.FirstDataPage || extent.Count == 0
                    || (ulong)extent.Start + extent.Count > pageCount || pages > pageCount)
                {
                    IsOver = true;
                    return null;
                }

                extents[i] = extent;
            }

            return new ExtentList(extents);
        }

        private ReadOnlySpan<byte> Take(int length)
        {
            if (IsOver || length > _rest.Length)
            {
                IsOver = true;
                return default;
            }

            ReadOnlySpan<byte> taken = _rest[..length];
            _rest = _rest[length..];
            return taken;
        }
    }
}
