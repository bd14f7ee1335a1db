using System.Runtime.InteropServices;

namespace Mortise.BTreeIndex;

/// <summary>Where an entry in memory is: its key at an offset in an arena, its value behind it.</summary>
/// <remarks>16 bytes, so that a merge moves it as one vector; see <see cref="SlotMerge"/> for the arena's place.</remarks>
/// <param name="Offset">Start of the key in its arena.</param>
/// <param name="Hash">The low half of the key's <see cref="PointFilter.Hash"/>.</param>
/// <param name="Arena">Index in the table's arenas.</param>
/// <param name="KeyLength">Bytes.</param>
/// <param name="ValueLength">Bytes, or <see cref="PageFormat.TombstoneLength"/>.</param>
/// <param name="Reserved">Zero.</param>
[StructLayout(LayoutKind.Sequential, Size = Bytes)]
internal readonly record struct MemorySlot(
    int Offset, uint Hash, ushort Arena, ushort KeyLength, ushort ValueLength, ushort Reserved = 0)
{
    public const int Bytes = 16;

    /// <summary>Which of the eight 16-bit parts the arena is.</summary>
    public const int ArenaPart = 4;

    /// <summary>Arenas that slots can tell apart.</summary>
    public const int MostArenas = ushort.MaxValue + 1;

    public bool IsTombstone => ValueLength == PageFormat.TombstoneLength;

    /// <summary>Bytes of the key and the value.</summary>
    public int EntryBytes => KeyLength + (IsTombstone ? 0 : ValueLength);
}
