using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>A wish to delete all records of some ranges of ordinals, but for those that are kept.</summary>
public sealed class RangeDrop
{
    /// <summary>The name of a family that has exactly one key for each record: it is read to find the records.</summary>
    public required string Family { get; init; }

    /// <summary>The ranges, dropped one after the other. Those that are the bounds of partitions, ascending, cost least:
    /// several go in one commit.</summary>
    public required IReadOnlyList<OrdinalRange> Ranges { get; init; }

    /// <summary>Says of a record in a range that it stays; null when none does. Pure; called on the caller's thread,
    /// and on the store's writer for what has changed since.</summary>
    public RecordPredicate? Keeps { get; init; }

    /// <summary>Finds the records of a range among which all are that <see cref="Keeps"/> is true of, so that not all of the
    /// range have to be read; null to read all. Called as <see cref="Keeps"/> is.</summary>
    public RecordsToAsk? MayKeep { get; init; }

    /// <summary>True to return as soon as the records are out of force: their space is given back in the background, or by
    /// <see cref="StoreEngine.CleanDroppedAsync"/>.</summary>
    public bool LeavesSpace { get; init; }

    /// <summary>True to report what would be done and do nothing.</summary>
    public bool IsDryRun { get; init; }
}

/// <summary>Says something of a record.</summary>
/// <param name="record">Its bytes; die when the call returns.</param>
public delegate bool RecordPredicate(ReadOnlySpan<byte> record);

/// <summary>Names some records of a range.</summary>
/// <param name="view">The state.</param>
/// <param name="range">Their ordinals.</param>
/// <returns>Their locations, in any order.</returns>
public delegate IReadOnlyCollection<RecordLocation> RecordsToAsk(StoreView view, OrdinalRange range);
