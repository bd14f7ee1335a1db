using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>A range that was dropped: nobody sees its records any more, and they are being deleted.</summary>
/// <param name="range">Their ordinals.</param>
/// <param name="below">Their locations are below: a record with such an ordinal that is put later is none of them.</param>
/// <param name="left">How many are still to be deleted, about: what the index of their partitions said.</param>
internal sealed class PendingDrop(OrdinalRange range, RecordLocation below, long left)
{
    private long _left = left;

    public OrdinalRange Range { get; } = range;

    public RecordLocation Below { get; } = below;

    /// <summary>How many records are still to be deleted, about. Any thread.</summary>
    public long Left => Math.Max(0, Interlocked.Read(ref _left));

    /// <summary>The commit that dropped them; <see cref="Lsn.None"/> of one from before the store was opened.</summary>
    public Lsn Lsn { get; init; }

    /// <summary>The family whose partitions, as long as their files are there, name the records; null when nobody knows,
    /// since the store was opened.</summary>
    public string? Family { get; init; }

    /// <summary>True for a record of it.</summary>
    public bool Has(RecordLocation location, long ordinal) => location < Below && Range.Contains(ordinal);

    /// <summary>One of its records is being deleted; on the writer, or while the log is replayed.</summary>
    public void NoteDeleted() => Interlocked.Decrement(ref _left);
}
