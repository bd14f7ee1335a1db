using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Reads the commits that an engine writes to its log, for tools.</summary>
/// <remarks>Takes no lock and writes nothing. Threads: one at a time.</remarks>
public sealed class CommitReader : IDisposable
{
    private readonly CommitBodies? _bodies;

    /// <summary>Makes a reader that finds bodies which are in the record store only.</summary>
    /// <param name="composition">The stack over the store that the log is of; only read.</param>
    public CommitReader(StoreComposition composition)
    {
        ArgumentNullException.ThrowIfNull(composition);
        if (composition.Records.Examiner is IStagedRecords && composition.Root.Exists(OpenedParts.RecordsDirectory))
        {
            var root = new OverlayDirectory(composition.Root);
            Guid? store = composition.Records.Examiner.FindStoreId(root.OpenDirectory(OpenedParts.RecordsDirectory));
            _bodies = store is { } id ? new CommitBodies(composition.Records, root, id) : null;
        }
    }

    /// <summary>Reads one commit with its bodies.</summary>
    /// <param name="lsn">Its LSN.</param>
    /// <param name="payload">The log record's payload; hostile bytes are fine.</param>
    /// <param name="bodies">What the offsets of puts point into; dies with the next call or with the payload. A put whose
    /// body is not found has the offset -1.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Corrupt"/> when it is not a commit,
    /// <see cref="StorageErrorCode.FormatTooNew"/> when a newer engine wrote it.</exception>
    public CommitSummary Read(Lsn lsn, ReadOnlySpan<byte> payload, out ReadOnlySpan<byte> bodies)
    {
        var commit = new CommitContent();
        CommitFormat.Read(lsn, payload, commit);
        bodies = _bodies is null ? payload : _bodies.Find(lsn, payload, commit);
        return Summary(commit);
    }

    /// <inheritdoc/>
    public void Dispose() => _bodies?.Dispose();

    internal static CommitSummary Summary(CommitContent commit) => new(
        DateTimeOffset.FromUnixTimeMilliseconds(
            Math.Clamp(commit.Milliseconds, 0, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())),
        commit.Mutations)
    {
        Dropped = commit.Dropped?.Range,
    };
}

/// <summary>One commit of a log.</summary>
/// <param name="Time">When it was made.</param>
/// <param name="Operations">What it does, in order; offsets of records point into the payload it was read from, or are -1 for a
/// record that is in the record store only.</param>
public sealed record CommitSummary(DateTimeOffset Time, IReadOnlyList<RecordMutation> Operations)
{
    /// <summary>The ordinals of which it leaves no index entry, put aside what it puts itself; null for none.</summary>
    public OrdinalRange? Dropped { get; init; }
}
