namespace Mortise.Engine;

/// <summary>A partition that is no longer in force and whose files are still there.</summary>
/// <param name="partition">The partition.</param>
/// <param name="lsn">A manifest of this commit or a later one does not list it any more.</param>
internal sealed class EndedPartition(PartitionState partition, Lsn lsn)
{
    public PartitionState Partition { get; } = partition;

    /// <summary>A manifest of this commit or a later one does not list it; <see cref="Lsn.None"/> when none does.</summary>
    public Lsn Lsn { get; set; } = lsn;

    /// <summary>True when its range was dropped with it; false when others hold what it held.</summary>
    public bool IsDropped { get; init; }

    /// <summary>Ends when no view has it. Views older than <see cref="Lsn"/> are known otherwise.</summary>
    public Task Unread { get; init; } = Task.CompletedTask;
}
