using System.Runtime.CompilerServices;

namespace Mortise.BTreeIndex;

/// <summary>The pages of one part of a run, by ordinal. Immutable.</summary>
internal sealed class ExtentList
{
    private readonly Extent[] _extents;
    private readonly uint[] _firstOrdinals;

    public ExtentList(ReadOnlySpan<Extent> extents)
    {
        _extents = extents.ToArray();
        _firstOrdinals = new uint[extents.Length];
        uint ordinal = 0;
        for (int i = 0; i < extents.Length; i++)
        {
            _firstOrdinals[i] = ordinal;
            ordinal = checked(ordinal + extents[i].Count);
        }

        PageCount = ordinal;
    }

    public static ExtentList Empty { get; } = new([]);

    public uint PageCount { get; }

    public ReadOnlySpan<Extent> Extents => _extents;

    /// <summary>The page of an ordinal, 0 to <see cref="PageCount"/> - 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint PageOf(uint ordinal) => _extents.Length == 1 ? _extents[0].Start + ordinal : Search(ordinal);

    /// <summary>How many pages from an ordinal on follow each other in the file.</summary>
    public uint Consecutive(uint ordinal)
    {
        int index = IndexOf(ordinal);
        return _firstOrdinals[index] + _extents[index].Count - ordinal;
    }

    private uint Search(uint ordinal)
    {
        int index = IndexOf(ordinal);
        return _extents[index].Start + (ordinal - _firstOrdinals[index]);
    }

    private int IndexOf(uint ordinal)
    {
        int index = Array.BinarySearch(_firstOrdinals, ordinal);
        return index >= 0 ? index : ~index - 1;
    }
}
