namespace Mortise.Reference;

/// <summary>The order of the contract: unsigned bytes, a prefix before its extensions. Values do not count.</summary>
internal sealed class IndexEntryOrder : IComparer<IndexEntry>
{
    public static IndexEntryOrder Instance { get; } = new();

    public int Compare(IndexEntry? x, IndexEntry? y) => x!.Key.AsSpan().SequenceCompareTo(y!.Key);
}
