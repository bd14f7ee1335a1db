namespace Mortise.Engine;

/// <summary>Something to be decided and committed by the store's one writer. The domain derives its requests from this
/// and keeps its answer in them.</summary>
/// <remarks>Submitted once. The answer may be read after <see cref="StoreEngine.WriteAsync"/> has completed.</remarks>
public abstract class StoreWrite
{
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _submitted;

    /// <summary>About how many record bytes the write may put, to size groups; an estimate from above.</summary>
    public abstract int EstimatedBytes { get; }

    /// <summary>The commit that holds its effect; <see cref="Lsn.None"/> when it changed nothing.</summary>
    public Lsn Lsn { get; internal set; }

    /// <summary>Timestamp of its submission; 0 when nobody wants to know how long it takes.</summary>
    internal long SubmittedAt { get; set; }

    internal Task Completion => _completion.Task;

    internal void MarkSubmitted()
    {
        if (Interlocked.Exchange(ref _submitted, 1) != 0)
        {
            throw new InvalidOperationException("a write can be submitted once");
        }
    }

    internal void Complete() => _completion.TrySetResult();

    internal void Fail(Exception error) => _completion.TrySetException(error);
}
