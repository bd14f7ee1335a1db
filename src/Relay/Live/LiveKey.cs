namespace Mortise.Relay;

/// <summary>What subscriptions are found by: an id, an author, a kind, a tag's value, or everything. A hash; whoever is
/// found is checked.</summary>
/// <param name="Sort">0 for everything, 1 ids, 2 authors, 3 kinds, else the letter of a tag.</param>
/// <param name="Hash">Of the value, seeded for this process.</param>
internal readonly record struct LiveKey(byte Sort, int Hash)
{
    public static LiveKey Everything => default;

    public static LiveKey Id(ReadOnlySpan<byte> id) => new(1, HashOf(id));

    public static LiveKey Author(ReadOnlySpan<byte> key) => new(2, HashOf(key));

    public static LiveKey Kind(int kind) => new(3, kind);

    public static LiveKey Tag(byte letter, ReadOnlySpan<byte> utf8) => new(letter, HashOf(utf8));

    private static int HashOf(ReadOnlySpan<byte> bytes)
    {
        var hash = default(HashCode);
        hash.AddBytes(bytes);
        return hash.ToHashCode();
    }
}
