namespace Mortise.Nostr;

/// <summary>A set of the conditions that a filter can have; tells what index keys decide and what is left to
/// check.</summary>
/// <param name="Bits">Bits 0 to 25: <c>#a</c> to <c>#z</c>; 26 to 51: <c>#A</c> to <c>#Z</c>; then the others;
/// 57 to 63: single words of a search.</param>
public readonly record struct FilterConditions(ulong Bits)
{
    /// <summary>No condition.</summary>
    public static FilterConditions None => default;

    /// <summary>The condition on ids.</summary>
    public static FilterConditions Ids => new(1UL << 52);

    /// <summary>The condition on authors.</summary>
    public static FilterConditions Authors => new(1UL << 53);

    /// <summary>The condition on kinds.</summary>
    public static FilterConditions Kinds => new(1UL << 54);

    /// <summary>The bounds <c>since</c> and <c>until</c>.</summary>
    public static FilterConditions Time => new(1UL << 55);

    /// <summary>The condition on words.</summary>
    public static FilterConditions Search => new(1UL << 56);

    /// <summary>How many words of a search have a condition of their own.</summary>
    internal const int MaxWords = 7;

    /// <summary>The condition on words, and those on single words.</summary>
    internal static FilterConditions AnyWord => new(~0UL << 56);

    /// <summary>True when there is none.</summary>
    public bool IsEmpty => Bits == 0;

    /// <summary>The condition on a tag.</summary>
    /// <param name="letter">One of <c>a-z</c>, <c>A-Z</c>.</param>
    public static FilterConditions Tag(byte letter)
    {
        int bit = letter is >= (byte)'a' and <= (byte)'z' ? letter - 'a'
            : letter is >= (byte)'A' and <= (byte)'Z' ? letter - 'A' + 26
            : throw new ArgumentOutOfRangeException(
                nameof(letter), letter, "only single letters a-z and A-Z name tags in filters");
        return new(1UL << bit);
    }

    /// <summary>The condition on one word of a search.</summary>
    /// <param name="index">0 to 6.</param>
    internal static FilterConditions Word(int index) => new(1UL << (57 + index));

    /// <summary>True when all of the other are in this.</summary>
    public bool Contains(FilterConditions other) => (Bits & other.Bits) == other.Bits;

    /// <summary>True when some of the other are in this.</summary>
    public bool Overlaps(FilterConditions other) => (Bits & other.Bits) != 0;

    /// <summary>What is in this and not in the other.</summary>
    public FilterConditions Except(FilterConditions other) => new(Bits & ~other.Bits);

    /// <summary>What is in either.</summary>
    public static FilterConditions operator |(FilterConditions a, FilterConditions b) => new(a.Bits | b.Bits);

    /// <summary>What is in either.</summary>
    public static FilterConditions BitwiseOr(FilterConditions left, FilterConditions right) => left | right;

    /// <summary>Names, for people: <c>authors, #t</c>.</summary>
    public override string ToString()
    {
        var names = new List<string>();
        AddName(names, Ids, "ids");
        AddName(names, Authors, "authors");
        AddName(names, Kinds, "kinds");
        for (int bit = 0; bit < 52; bit++)
        {
            if ((Bits & (1UL << bit)) != 0)
            {
                names.Add("#" + (char)(bit < 26 ? 'a' + bit : 'A' + bit - 26));
            }
        }

        AddName(names, Time, "time");
        AddName(names, Search, "search");
        for (int i = 0; i < MaxWords; i++)
        {
            AddName(names, Word(i), $"word {i + 1}");
        }

        return string.Join(", ", names);
    }

    private void AddName(List<string> names, FilterConditions condition, string name)
    {
        if (Contains(condition))
        {
            names.Add(name);
        }
    }
}
