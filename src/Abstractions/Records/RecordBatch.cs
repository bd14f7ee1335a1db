namespace Mortise.Records;

/// <summary>One commit's mutations of the record store. Views over the caller's buffers; valid during the
/// call.</summary>
/// <param name="lsn">The commit's LSN.</param>
/// <param name="arena">The bytes that <paramref name="mutations"/> point into.</param>
/// <param name="mutations">In commit order.</param>
public readonly ref struct RecordBatch(Lsn lsn, ReadOnlySpan<byte> arena, ReadOnlySpan<RecordMutation> mutations)
{
    /// <summary>The commit's LSN.</summary>
    public Lsn Lsn { get; } = lsn;

    /// <summary>The bytes that the mutations point into.</summary>
    public ReadOnlySpan<byte> Arena { get; } = arena;

    /// <summary>The mutations in commit order; the locations of puts are strictly increasing.</summary>
    public ReadOnlySpan<RecordMutation> Mutations { get; } = mutations;

    /// <summary>The body of a put.</summary>
    public ReadOnlySpan<byte> Body(in RecordMutation mutation) => Arena.Slice(mutation.Offset, mutation.Length);
}
