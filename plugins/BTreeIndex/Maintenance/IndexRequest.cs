namespace Mortise.BTreeIndex;

/// <summary>What can be asked of the maintenance.</summary>
internal enum IndexRequestKind
{
    /// <summary>Make durable what was sealed.</summary>
    Checkpoint = 1,

    /// <summary>Make it durable, and then make one run of everything.</summary>
    Pack = 2,

    /// <summary>Discard everything.</summary>
    Reset = 3,
}

/// <summary>Something that someone waits for.</summary>
/// <param name="kind">What.</param>
/// <param name="sealedThrough">The newest sealed group that is part of it.</param>
/// <param name="lsn">The last batch that is.</param>
/// <param name="cancellation">Ends a pack that is under way; nothing else.</param>
internal sealed class IndexRequest(
    IndexRequestKind kind, long sealedThrough, Lsn lsn, CancellationToken cancellation = default)
{
    public IndexRequestKind Kind { get; } = kind;

    public long SealedThrough { get; } = sealedThrough;

    public Lsn Lsn { get; } = lsn;

    public CancellationToken Cancellation { get; } = cancellation;

    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
