using System.Buffers.Binary;

namespace Mortise.Index.Lmdb;

/// <summary>The bytes in an environment that are ours. See FORMAT.md.</summary>
internal static class LmdbFormat
{
    public const string FormatName = "mortise-lmdb";
    public const int Version = 1;
    public const int StateBytes = 40;
    public const int MaxKeyBytes = 2048;
    public const int MaxValueBytes = 4096;
    public const byte StateTag = 0;
    public const byte EntryTag = 1;

    private const uint Magic = 0x42444C4D;
    private const int ItemHeader = 2 * sizeof(ushort);

    public static void WriteState(Span<byte> to, Guid store, Lsn lsn, long listed)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(to, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(to[4..], Version);
        store.TryWriteBytes(to[8..]);
        BinaryPrimitives.WriteUInt64LittleEndian(to[24..], lsn.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[32..], listed);
    }

    /// <summary>Reads a state.</summary>
    /// <returns>What is wrong, or null.</returns>
    public static string? ReadState(ReadOnlySpan<byte> from, Guid store, out Lsn lsn, out long listed)
    {
        lsn = Lsn.None;
        listed = 0;
        if (from.Length != StateBytes || BinaryPrimitives.ReadUInt32LittleEndian(from) != Magic)
        {
            return "the environment is none of this plugin's";
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(from[4..]);
        if (version != Version)
        {
            return $"the environment has format {version}, this plugin reads {Version}";
        }

        var found = new Guid(from.Slice(8, 16));
        if (found != store)
        {
            return $"the environment belongs to store {found}, this is store {store}";
        }

        lsn = new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(from[24..]));
        listed = BinaryPrimitives.ReadInt64LittleEndian(from[32..]);
        return null;
    }

    /// <summary>Takes the first item off a list.</summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="StorageException">The list is cut.</exception>
    public static bool TryTake(
        scoped ref ReadOnlySpan<byte> list, out ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> value)
    {
        rest = default;
        value = default;
        if (list.IsEmpty)
        {
            return false;
        }

        int restLength = list.Length < ItemHeader ? -1 : BinaryPrimitives.ReadUInt16LittleEndian(list);
        int valueLength = restLength < 0 ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(list[2..]);
        if (restLength < 0 || list.Length < ItemHeader + restLength + valueLength)
        {
            throw StorageException.Corrupt(LmdbIndex.DataFile, -1, "a list of long keys is cut");
        }

        rest = list.Slice(ItemHeader, restLength);
        value = list.Slice(ItemHeader + restLength, valueLength);
        list = list[(ItemHeader + restLength + valueLength)..];
        return true;
    }

    /// <summary>A list with one key set, or removed when there is no value.</summary>
    /// <param name="list">The list; empty for a new one.</param>
    /// <param name="rest">The key's rest.</param>
    /// <param name="value">Its value.</param>
    /// <param name="isRemoved">True to remove it.</param>
    /// <param name="grown">By how many keys the list grew: -1, 0 or 1.</param>
    public static byte[] Change(
        ReadOnlySpan<byte> list, ReadOnlySpan<byte> rest, ReadOnlySpan<byte> value, bool isRemoved, out int grown)
    {
        using var changed = new MemoryStream(list.Length + ItemHeader + rest.Length + value.Length);
        bool isPlaced = isRemoved;
        grown = isRemoved ? 0 : 1;
        while (TryTake(ref list, out ReadOnlySpan<byte> otherRest, out ReadOnlySpan<byte> otherValue))
        {
            int order = otherRest.SequenceCompareTo(rest);
            if (order == 0)
            {
                grown = isRemoved ? -1 : 0;
                continue;
            }

            if (order > 0 && !isPlaced)
            {
                Append(changed, rest, value);
                isPlaced = true;
            }

            Append(changed, otherRest, otherValue);
        }

        if (!isPlaced)
        {
            Append(changed, rest, value);
        }

        return changed.ToArray();
    }

    private static void Append(MemoryStream to, ReadOnlySpan<byte> rest, ReadOnlySpan<byte> value)
    {
        Span<byte> head = stackalloc byte[ItemHeader];
        BinaryPrimitives.WriteUInt16LittleEndian(head, (ushort)rest.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(head[2..], (ushort)value.Length);
        to.Write(head);
        to.Write(rest);
        to.Write(value);
    }
}
