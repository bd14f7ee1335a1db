namespace Mortise.BTreeIndex;

/// <summary>Finds how many bytes of each key a page's stems should reach over.</summary>
/// <remarks>
/// <para>With a reach of <c>r</c>, an entry whose key shares <c>r</c> bytes or more with the one before shares its stem
/// too. What the keys of a page share decides the page's own reach, and is the best guess for the next page, which is
/// filled under it. Bytes are counted as <see cref="EntryPageBuilder"/> lays them out. Threads: one.</para>
/// </remarks>
internal sealed class StemChoice(int maxKeyBytes)
{
    // How many keys share so many bytes, and no more, with the key before.
    private readonly int[] _sharing = new int[maxKeyBytes + 1];
    private int _reach;
    private int _stems;

    /// <summary>Bytes that a page would be smaller by, with stems of the reach that is in force; 0 when it would not
    /// be.</summary>
    /// <param name="shared">Bytes that one more key shares with the last.</param>
    /// <param name="entries">Entries with that one.</param>
    /// <param name="prefix">Bytes that all of them share.</param>
    /// <param name="keyLength">Length of every key.</param>
    public int GainWith(int shared, int entries, int prefix, int keyLength) =>
        Gain(entries, prefix, _reach, _stems + (shared < _reach ? 1 : 0), keyLength);

    /// <summary>A key came behind another.</summary>
    /// <param name="shared">Bytes that it shares with that one; 0 for the first of a page.</param>
    public void Add(int shared)
    {
        _sharing[shared]++;
        _stems += shared < _reach ? 1 : 0;
    }

    /// <summary>The page is full: chooses the best reach for its keys, which the next page is filled under. A page whose
    /// keys differ in length has no stems and leaves that as it was.</summary>
    /// <param name="entries">Its entries.</param>
    /// <param name="prefix">Bytes that all of them share.</param>
    /// <param name="keyLength">Length of every key; 0 when they differ.</param>
    /// <returns>The reach; 0 when stems do not make the page smaller.</returns>
    public int Choose(int entries, int prefix, int keyLength)
    {
        int best = 0;
        int bestGain = 0;
        int stems = 0;
        for (int shared = 0; shared <= prefix; shared++)
        {
            stems += _sharing[shared];
        }

        for (int reach = prefix + 1; reach + PageFormat.HeadBytes <= keyLength; reach++)
        {
            int gain = Gain(entries, prefix, reach, stems, keyLength);
            if (gain > bestGain)
            {
                best = reach;
                bestGain = gain;
            }

            stems += _sharing[reach];
        }

        Array.Clear(_sharing);
        _reach = keyLength > 0 ? best : _reach;
        _stems = 0;
        return best;
    }

    private static int Gain(int entries, int prefix, int reach, int stems, int keyLength) =>
        reach <= prefix || reach + PageFormat.HeadBytes > keyLength || stems > StemTable.MaxStems
            ? 0
            : Math.Max(0, (entries * (reach - prefix)) - StemTable.Size(stems, reach - prefix, entries));
}
