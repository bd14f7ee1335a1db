namespace Mortise.BTreeIndex;

/// <summary>What readers have paid for finding several runs instead of one; when it would have paid for a merge, the merge
/// is due.</summary>
/// <remarks>
/// <para>A store that is written pays little for each batch and leaves several runs behind; one that is read from then on
/// should not pay for them for ever. Whoever merges as soon as what was paid equals the price of merging pays at most
/// twice what the best choice in hindsight had cost. The unit is about 20 ns. Threads: any.</para>
/// <para>Source: Karlin, Manasse, Rudolph and Sleator, "Competitive snoopy caching", Algorithmica 3, 1988 (the problem of
/// renting or buying skis); LevelDB compacts after seeks for the same reason.</para>
/// </remarks>
internal sealed class ReaderToll
{
    /// <summary>A lookup asks the filter of one more run.</summary>
    public const int Lookup = 4;

    /// <summary>A scan begins in one more run.</summary>
    public const int Seek = 60;

    /// <summary>An entry that a merge hands on instead of a single run.</summary>
    public const int Entry = 1;

    /// <summary>Merging an entry on disk: half of it is the processor's work, half stands for the device's wear.</summary>
    public const int MergedEntry = 16;

    private long _paid;

    /// <summary>Paid and not spent on a merge yet.</summary>
    public long Paid => Interlocked.Read(ref _paid);

    /// <summary>Readers paid.</summary>
    /// <returns>What is paid by now.</returns>
    public long Pay(long amount) => Interlocked.Add(ref _paid, amount);

    /// <summary>A merge of some entries was begun for the readers' sake.</summary>
    public void Spend(long entries) => Interlocked.Add(ref _paid, -entries * MergedEntry);
}
