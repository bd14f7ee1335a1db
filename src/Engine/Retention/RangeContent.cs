using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>The records of a range of ordinals, as one view of the store has them: those to delete and those to
/// keep.</summary>
/// <remarks>A partition that lies wholly in the range says by itself that its records do, and how many they are: where all
/// do, only those records are read that may be kept. Of other partitions each record is read.</remarks>
internal sealed class RangeContent
{
    // Of the partitions that were read: the same objects as long as nothing in them changes.
    private readonly List<object> _states = [];

    private RangeContent()
    {
    }

    /// <summary>True when only records that may be kept were read.</summary>
    public bool HasAskedSome { get; private init; }

    /// <summary>True when each record was read, so that those to delete are known to be readable.</summary>
    public bool HasReadRecords { get; private init; }

    /// <summary>True when the partitions of the family that lie wholly in the range name all its records.</summary>
    public bool IsWhole { get; private init; }

    /// <summary>How many records are to be deleted; about, when not all were read.</summary>
    public long DueCount { get; private set; }

    /// <summary>Records to delete, in the order of their places; only when entries were read.</summary>
    public List<RecordLocation> Due { get; } = [];

    /// <summary>Records to keep, in the order of their places.</summary>
    public List<RecordLocation> Kept { get; } = [];

    /// <summary>Bytes of the records to keep.</summary>
    public long KeptBytes { get; private set; }

    /// <summary>Partitions of all families that lie wholly in the range.</summary>
    public int Partitions { get; private set; }

    /// <summary>Bytes of their files.</summary>
    public long IndexBytes { get; private set; }

    /// <summary>True when partitions should end, and what is kept be put into new ones: there are some, and less is kept
    /// than deleted, and it fits into one commit. Otherwise they stay, and entries are removed one by one.</summary>
    /// <param name="maxOperations">Operations of one commit, at most.</param>
    /// <param name="maxBytes">Bytes of records that one commit may put.</param>
    public bool EndsPartitions(int maxOperations, long maxBytes) =>
        Partitions > 0 && Kept.Count <= DueCount && FitsOneCommit(Kept.Count, KeptBytes, maxOperations, maxBytes);

    /// <summary>True when one commit may put what is kept.</summary>
    /// <param name="kept">Records.</param>
    /// <param name="keptBytes">Their bytes.</param>
    /// <param name="maxOperations">Operations of one commit, at most.</param>
    /// <param name="maxBytes">Bytes of records that one commit may put.</param>
    public static bool FitsOneCommit(int kept, long keptBytes, int maxOperations, long maxBytes) =>
        kept <= maxOperations / 8 && keptBytes <= maxBytes;

    /// <summary>Reads a range.</summary>
    /// <param name="view">The state.</param>
    /// <param name="drop">Which family names the records, and what is kept.</param>
    /// <param name="range">The range.</param>
    /// <param name="isEach">True to read all its records, whatever ends with it.</param>
    public static RangeContent Read(StoreView view, RangeDrop drop, OrdinalRange range, bool isEach = false)
    {
        FamilyView family = view.Find(drop.Family)
            ?? throw new StorageException(StorageErrorCode.NotFound, $"there is no index family '{drop.Family}'");
        int[] partitions = [.. Enumerable.Range(0, family.PartitionCount).Where(i => family.BoundsOf(i).Overlaps(range))];
        bool isWhole = family.IsByOrdinal && Array.TrueForAll(partitions, i => range.Encloses(family.BoundsOf(i)));
        bool asksSome = isWhole && !isEach && (drop.Keeps is null || drop.MayKeep is not null);
        var content = new RangeContent
        {
            HasAskedSome = asksSome,
            HasReadRecords = drop.Keeps is not null && !asksSome,
            IsWhole = isWhole,
        };
        content._states.AddRange(partitions.Select(family.StateOf));
        if (asksSome)
        {
            content.Ask(view, drop, range);
            content.DueCount = partitions.Sum(i => family.StatisticsOf(i).Entries) - content.Kept.Count;
        }
        else
        {
            foreach (int i in partitions)
            {
                var sink = new Sink(
                    content, view.Records, family.Projection, drop.Keeps, range.Encloses(family.BoundsOf(i)) ? null : range);
                family.Scan(i, KeyRange.All, ref sink);
            }

            content.DueCount = content.Due.Count;
        }

        content.Finish(view, range);
        return content;
    }

    /// <summary>What neighbours hold together.</summary>
    /// <param name="view">As new as what they were read from, or newer.</param>
    /// <param name="range">From the first of the oldest to the last of the newest.</param>
    /// <param name="oldestFirst">Each with partitions of its own, and with nothing between them.</param>
    public static RangeContent Join(StoreView view, OrdinalRange range, IReadOnlyList<RangeContent> oldestFirst)
    {
        var content = new RangeContent
        {
            HasAskedSome = oldestFirst.All(static c => c.HasAskedSome),
            HasReadRecords = oldestFirst.All(static c => c.HasReadRecords),
            IsWhole = oldestFirst.All(static c => c.IsWhole),
            DueCount = oldestFirst.Sum(static c => c.DueCount),
            KeptBytes = oldestFirst.Sum(static c => c.KeptBytes),
        };
        foreach (RangeContent part in oldestFirst.Reverse())
        {
            content._states.AddRange(part._states);
            content.Due.AddRange(part.Due);
            content.Kept.AddRange(part.Kept);
        }

        content.Finish(view, range);
        return content;
    }

    /// <summary>True when a view has the same records in the range, at the same places.</summary>
    /// <param name="view">Of the same store, as new or newer.</param>
    /// <param name="drop">What was read for.</param>
    /// <param name="range">The range that was read.</param>
    public bool IsStillTrue(StoreView view, RangeDrop drop, OrdinalRange range)
    {
        FamilyView? family = view.Find(drop.Family);
        int at = 0;
        for (int i = 0; family is not null && i < family.PartitionCount; i++)
        {
            if (family.BoundsOf(i).Overlaps(range)
                && (at == _states.Count || !ReferenceEquals(_states[at++], family.StateOf(i))))
            {
                return false;
            }
        }

        return family is not null && at == _states.Count;
    }

    private void Finish(StoreView view, OrdinalRange range)
    {
        foreach (FamilyView family in view.Families)
        {
            CountPartitions(family, range);
        }

        Due.Sort();
        Kept.Sort();
    }

    private void CountPartitions(FamilyView family, OrdinalRange range)
    {
        for (int i = 0; i < family.PartitionCount && family.IsByOrdinal; i++)
        {
            OrdinalRange bounds = family.BoundsOf(i);
            if (range.Encloses(bounds))
            {
                Partitions++;
                IndexBytes += family.StatisticsOf(i).DiskBytes;
            }
        }
    }

    /// <summary>Reads the records that may be kept.</summary>
    private void Ask(StoreView view, RangeDrop drop, OrdinalRange range)
    {
        if (drop.Keeps is not { } keeps)
        {
            return;
        }

        foreach (RecordLocation location in drop.MayKeep!(view, range))
        {
            using RecordLease lease = view.Records.Read(location);
            if (keeps(lease.Bytes))
            {
                Take(location, lease.Bytes, isKept: true);
            }
        }
    }

    private void Take(RecordLocation location, ReadOnlySpan<byte> record, bool isKept)
    {
        (isKept ? Kept : Due).Add(location);
        KeptBytes += isKept ? record.Length : 0;
    }

    /// <param name="content">Receives the records.</param>
    /// <param name="records">Where they are.</param>
    /// <param name="projection">Says what ordinal a record has.</param>
    /// <param name="keeps">What is kept, or null.</param>
    /// <param name="range">Only records with such an ordinal; null when all have.</param>
    private readonly struct Sink(
        RangeContent content,
        IRecordStore records,
        IKeyProjection projection,
        RecordPredicate? keeps,
        OrdinalRange? range) : IFamilySink
    {
        public bool Accept(ReadOnlySpan<byte> key, RecordLocation location, ReadOnlySpan<byte> inline)
        {
            if (keeps is null && range is null)
            {
                content.Due.Add(location);
                return true;
            }

            if (!inline.IsEmpty)
            {
                Judge(location, inline);
                return true;
            }

            using RecordLease lease = records.Read(location);
            Judge(location, lease.Bytes);
            return true;
        }

        private void Judge(RecordLocation location, ReadOnlySpan<byte> record)
        {
            if (range is { } only)
            {
                var ordinal = new OrdinalSink();
                projection.Project(record, ordinal);
                if (ordinal.Value is not { } value || !only.Contains(value))
                {
                    return;
                }
            }

            content.Take(location, record, keeps is not null && keeps(record));
        }
    }
}
