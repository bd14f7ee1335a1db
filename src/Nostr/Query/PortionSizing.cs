namespace Mortise.Nostr;

/// <summary>How many entries of a range are read in one call, from how many will be wanted.</summary>
internal readonly struct PortionSizing
{
    private const int Unknown = 16;

    private readonly int? _enough;
    private readonly int _firstOfMany;
    private readonly int _firstAlone;

    private PortionSizing(int? enough, int firstAlone, int firstOfMany)
    {
        _enough = enough;
        _firstAlone = firstAlone;
        _firstOfMany = firstOfMany;
    }

    /// <summary>Of streams that are read side by side, each leaping to where the other is.</summary>
    public static PortionSizing Leaping => new(null, 2, 1);

    /// <summary>Of a stream that a filter is answered from alone.</summary>
    /// <param name="limit">The filter's limit.</param>
    /// <param name="isExact">True when each entry is a result, unless another range has it too.</param>
    public static PortionSizing For(int? limit, bool isExact) =>
        limit is not int count || count == int.MaxValue ? new(null, Unknown, Unknown)
        : !isExact ? new(null, Unknown, 1)

        // One entry more tells whether the last result has a twin.
        : new(count + 1, count + 1, 1);

    /// <summary>The first portion of each range.</summary>
    /// <param name="ranges">Ranges that begin together.</param>
    /// <param name="taken">Entries taken of earlier ones.</param>
    public int First(int ranges, long taken) =>
        ranges > 1 ? _firstOfMany : (int)Math.Clamp(_enough - taken ?? _firstAlone, 1, int.MaxValue);

    /// <summary>The portion after another: twice as many, but not more than may still be wanted.</summary>
    /// <param name="before">The portion before.</param>
    /// <param name="most">The largest.</param>
    /// <param name="taken">Entries taken of all ranges so far.</param>
    public int Next(int before, int most, long taken) =>
        (int)Math.Clamp(_enough - taken ?? int.MaxValue, 1, Math.Min(2L * before, most));
}
