namespace Mortise.Indexing;

/// <summary>Changes of one index, sorted by key. Views over the caller's buffers; valid during the call.</summary>
/// <param name="lsn">The last commit the batch contains, or <see cref="Lsn.None"/> while loading.</param>
/// <param name="arena">The bytes that <paramref name="mutations"/> point into.</param>
/// <param name="mutations">Strictly ascending by key: one change a key.</param>
public readonly ref struct IndexBatch(Lsn lsn, ReadOnlySpan<byte> arena, ReadOnlySpan<IndexMutation> mutations)
{
    /// <summary>The last commit the batch contains.</summary>
    public Lsn Lsn { get; } = lsn;

    /// <summary>The bytes that the mutations point into.</summary>
    public ReadOnlySpan<byte> Arena { get; } = arena;

    /// <summary>The changes, strictly ascending by key.</summary>
    public ReadOnlySpan<IndexMutation> Mutations { get; } = mutations;

    /// <summary>The key of a change.</summary>
    public ReadOnlySpan<byte> Key(in IndexMutation mutation) => Arena.Slice(mutation.KeyOffset, mutation.KeyLength);

    /// <summary>The value of a set; empty for a remove.</summary>
    public ReadOnlySpan<byte> Value(in IndexMutation mutation) =>
        Arena.Slice(mutation.ValueOffset, mutation.ValueLength);
}
