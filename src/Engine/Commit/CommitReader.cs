using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Reads the commits that an engine writes to its log, for tools.</summary>
public static class CommitReader
{
    /// <summary>Reads one commit.</summary>
    /// <param name="lsn">Its LSN, for messages.</param>
    /// <param name="payload">The log record's payload; hostile bytes are fine.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Corrupt"/> when it is not a commit,
    /// <see cref="StorageErrorCode.FormatTooNew"/> when a newer engine wrote it.</exception>
    public static CommitSummary Read(Lsn lsn, ReadOnlySpan<byte> payload)
    {
        var mutations = new List<RecordMutation>();
        long milliseconds = CommitFormat.Read(lsn, payload, mutations, out LoggedDrop? dropped);
        return new CommitSummary(
            DateTimeOffset.FromUnixTimeMilliseconds(
                Math.Clamp(milliseconds, 0, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())),
            mutations)
        {
            Dropped = dropped?.Range,
        };
    }
}

/// <summary>One commit of a log.</summary>
/// <param name="Time">When it was made.</param>
/// <param name="Operations">What it does, in order; offsets of records point into the payload it was read from.</param>
public sealed record CommitSummary(DateTimeOffset Time, IReadOnlyList<RecordMutation> Operations)
{
    /// <summary>The ordinals of which it leaves no index entry, put aside what it puts itself; null for none.</summary>
    public OrdinalRange? Dropped { get; init; }
}
