using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>One index family as a <see cref="StoreView"/> sees it.</summary>
/// <remarks>Threads: any, while the view is open.</remarks>
public sealed class FamilyView
{
    internal const int LocationBytes = sizeof(ulong);

    private readonly FamilyPart _part;
    private readonly PartitionVersion[] _partitions;
    private readonly DroppedRecords? _dropped;
    private StrongBox<bool>? _isSequential;

    /// <param name="part">The family.</param>
    /// <param name="projection">What its keys mean.</param>
    /// <param name="partitions">Newest bounds first.</param>
    /// <param name="dropped">Records whose entries nobody is to see; null when there are none.</param>
    internal FamilyView(
        FamilyPart part, IKeyProjection projection, PartitionVersion[] partitions, DroppedRecords? dropped)
    {
        _part = part;
        _partitions = partitions;
        _dropped = dropped;
        Projection = projection;
    }

    /// <summary>The family's name in the stack.</summary>
    public string Name => _part.Name;

    /// <summary>What its keys mean.</summary>
    public IKeyProjection Projection { get; }

    /// <summary>Records up to this many bytes are in the entries; 0 for none.</summary>
    public int InlineBelowBytes => _part.InlineBelowBytes;

    /// <summary>Finds the record of a unique key.</summary>
    /// <param name="key">A whole key of a projection that keeps locations in values.</param>
    /// <param name="location">The record's location.</param>
    public bool TryFind(ReadOnlySpan<byte> key, out RecordLocation location) =>
        TryFind(key, _dropped, isDropped: false, out location);

    /// <summary>Finds the record of a unique key that was dropped and is not deleted yet.</summary>
    internal bool TryFindDropped(ReadOnlySpan<byte> key, out RecordLocation location)
    {
        location = RecordLocation.None;
        return _dropped is not null && TryFind(key, _dropped, isDropped: true, out location);
    }

    private bool TryFind(
        ReadOnlySpan<byte> key, DroppedRecords? dropped, bool isDropped, out RecordLocation location)
    {
        RequirePlacement(LocationPlacement.InValue);
        Span<byte> value = stackalloc byte[LocationBytes + _part.InlineBelowBytes];
        PartitionId? only = _part.Partitions.Routing == PartitionRouting.ByKey ? _part.Partitions.Locate(0, key) : null;
        foreach (PartitionVersion partition in _partitions)
        {
            if (only is null || partition.Partition == only)
            {
                IIndexSnapshot snapshot = partition.Shared.Rent();
                try
                {
                    if (snapshot.TryGet(key, value, out int length))
                    {
                        location = ReadLocation(value[..length], key);
                        if (dropped is null || dropped.Hides(location, default) == isDropped)
                        {
                            return true;
                        }
                    }
                }
                finally
                {
                    partition.Shared.Return();
                }
            }
        }

        location = RecordLocation.None;
        return false;
    }

    /// <summary>Opens a cursor over the entries of a key range, in key order.</summary>
    /// <param name="range">Projected keys, without location; copied.</param>
    /// <param name="ordinals">Partitions without any of these ordinals are passed over.</param>
    /// <param name="order">What the caller knows about the range.</param>
    /// <param name="direction">Ascending or descending keys.</param>
    /// <returns>The cursor; dispose it before the view.</returns>
    public FamilyCursor OpenCursor(
        KeyRange range, OrdinalRange ordinals, EntryOrder order, ScanDirection direction = ScanDirection.Forward) =>
        new(this, _partitions, range, ordinals, order, direction);

    /// <summary>True when an entry is of a record that was dropped: readers pass over it.</summary>
    internal bool Hides(RecordLocation location, ReadOnlySpan<byte> inline) => _dropped!.Hides(location, inline);

    /// <summary>True when some entries may be of records that were dropped.</summary>
    internal bool HidesSome => _dropped is not null;

    /// <summary>Partitions of the family, newest bounds first.</summary>
    public int PartitionCount => _partitions.Length;

    /// <summary>Pages that the open partitions have read from disk since the store was opened.</summary>
    public long PagesRead
    {
        get
        {
            long sum = 0;
            foreach (PartitionVersion partition in _partitions)
            {
                sum += partition.Shared.Statistics.PagesRead;
            }

            return sum;
        }
    }

    /// <summary>True when no two partitions can hold the same ordinal, so that a newest-first reader may scan one after
    /// the other.</summary>
    public bool IsSequential => (_isSequential ??= CheckSequential()).Value;

    /// <summary>How many partitions can hold any of some ordinals.</summary>
    public int CountPartitions(OrdinalRange ordinals)
    {
        int count = 0;
        foreach (PartitionVersion partition in _partitions)
        {
            count += partition.Bounds.Overlaps(ordinals) ? 1 : 0;
        }

        return count;
    }

    /// <summary>True when time, and nothing else, divides the family.</summary>
    public bool IsByOrdinal => _part.Partitions.Routing == PartitionRouting.ByOrdinal;

    /// <summary>A partition's name in the family's scheme; of neighbours that were merged, those of the first and the
    /// last.</summary>
    /// <param name="partition">0 to <see cref="PartitionCount"/>, excluded; newest bounds first.</param>
    public string NameOf(int partition) => _partitions[partition].Name;

    /// <summary>The ordinals that the family's scheme keeps together with one; as narrow also where partitions were merged.
    /// </summary>
    /// <param name="ordinal">Any value.</param>
    public OrdinalRange PeriodOf(long ordinal) => _part.Partitions.Bounds(_part.Partitions.Locate(ordinal, default));

    /// <summary>Something that is the same object as long as a partition does not change.</summary>
    /// <param name="partition">0 to <see cref="PartitionCount"/>, excluded; newest bounds first.</param>
    public object StateOf(int partition) => _partitions[partition].Shared;

    /// <summary>Counts and sizes of a partition; of a closed one those of when it was last open.</summary>
    /// <param name="partition">0 to <see cref="PartitionCount"/>, excluded; newest bounds first.</param>
    public IndexStatistics StatisticsOf(int partition) => _partitions[partition].Shared.Statistics;

    /// <summary>All ordinals that can be in a partition.</summary>
    /// <param name="partition">0 to <see cref="PartitionCount"/>, excluded; newest bounds first.</param>
    public OrdinalRange BoundsOf(int partition) => _partitions[partition].Bounds;

    /// <summary>Pushes the entries of a key range in one partition to a sink, in key order: the cheapest way to read
    /// many.</summary>
    /// <param name="partition">0 to <see cref="PartitionCount"/>, excluded.</param>
    /// <param name="range">Projected keys, with or without the location that follows them.</param>
    /// <param name="sink">Stops by returning false.</param>
    public void Scan<TSink>(int partition, KeyRange range, ref TSink sink)
        where TSink : struct, IFamilySink
    {
        var entries = new FamilyEntries<TSink>(sink, Projection.Placement, _dropped);
        SharedSnapshot shared = _partitions[partition].Shared;
        IIndexSnapshot snapshot = shared.Rent();
        try
        {
            snapshot.Scan(range, ScanDirection.Forward, ref entries);
        }
        finally
        {
            shared.Return();
        }

        sink = entries.Sink;
    }

    /// <summary>Pushes the first entry of each of several key ranges in one partition to a sink, in the order of the
    /// ranges: cheaper than as many scans.</summary>
    /// <param name="partition">0 to <see cref="PartitionCount"/>, excluded.</param>
    /// <param name="ranges">Projected keys, with or without the location that follows them.</param>
    /// <param name="sink">Stops by returning false.</param>
    public void ScanFirst<TSink>(int partition, KeyRanges ranges, ref TSink sink)
        where TSink : struct, IFamilyFirstSink
    {
        if (_dropped is not null)
        {
            // The first may be one that nobody is to see.
            ScanFirstInForce(partition, ranges, ref sink);
            return;
        }

        var entries = new FamilyFirstEntries<TSink>(sink, Projection.Placement);
        SharedSnapshot shared = _partitions[partition].Shared;
        IIndexSnapshot snapshot = shared.Rent();
        try
        {
            snapshot.ScanFirst(ranges, ref entries);
        }
        finally
        {
            shared.Return();
        }

        sink = entries.Sink;
    }

    private void ScanFirstInForce<TSink>(int partition, KeyRanges ranges, ref TSink sink)
        where TSink : struct, IFamilyFirstSink
    {
        bool isStopped = false;
        for (int i = 0; i < ranges.Count && !isStopped; i++)
        {
            var first = new FirstInForce<TSink>(sink, i);
            Scan(partition, ranges[i], ref first);
            sink = first.Sink;
            isStopped = first.IsStopped;
        }
    }

    /// <summary>About how many entries a range holds; never 0 when there is one. Asks partitions that are open, and takes
    /// the others to be like them; opens one when none is.</summary>
    public long Estimate(KeyRange range, OrdinalRange ordinals)
    {
        long sum = 0;
        long asked = 0;
        long closed = 0;
        int closedPartitions = 0;
        SharedSnapshot? newestClosed = null;
        foreach (PartitionVersion partition in _partitions)
        {
            if (!partition.Bounds.Overlaps(ordinals))
            {
                continue;
            }

            SharedSnapshot shared = partition.Shared;
            long entries = shared.Statistics.Entries;
            if (shared.TryRentOpen() is { } snapshot)
            {
                sum += EstimateAndReturn(shared, snapshot, range);
                asked += entries;
            }
            else
            {
                newestClosed ??= shared;
                closed += entries;
                closedPartitions += entries > 0 ? 1 : 0;
            }
        }

        if (asked == 0 && newestClosed is not null)
        {
            asked = newestClosed.Statistics.Entries;
            sum = EstimateAndReturn(newestClosed, newestClosed.Rent(), range);
            closed -= asked;
            closedPartitions--;
        }

        // In double: both factors may be large.
        return sum + Math.Max((long)((double)sum / Math.Max(1, asked) * closed), Math.Max(0, closedPartitions));
    }

    /// <summary>Which ordinals the partitions hold that a newest-first reader has to open together, at or below an
    /// ordinal. A reader of many ranges reads one such part of all of them after the other.</summary>
    /// <param name="ordinal">The newest ordinal of interest.</param>
    /// <returns>Empty when no partition holds anything at or below the ordinal.</returns>
    public OrdinalRange ClusterAt(long ordinal)
    {
        for (int next = 0; next < _partitions.Length;)
        {
            OrdinalRange cluster = _partitions[next++].Bounds;
            while (next < _partitions.Length && _partitions[next].Bounds.Overlaps(cluster))
            {
                OrdinalRange bounds = _partitions[next++].Bounds;
                cluster = new OrdinalRange(
                    Math.Min(cluster.First, bounds.First), Math.Max(cluster.Last, bounds.Last));
            }

            if (cluster.First <= ordinal)
            {
                return cluster;
            }
        }

        return new OrdinalRange(0, -1);
    }

    private static long EstimateAndReturn(SharedSnapshot shared, IIndexSnapshot snapshot, KeyRange range)
    {
        try
        {
            return snapshot.Estimate(range);
        }
        finally
        {
            shared.Return();
        }
    }

    internal static RecordLocation ReadLocation(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> key)
    {
        if (bytes.Length < LocationBytes)
        {
            throw new StorageException(
                StorageErrorCode.Corrupt,
                $"index entry 0x{Convert.ToHexStringLower(key)} holds no location",
                advice: "rebuild the family with 'mortise doctor --repair'");
        }

        return new RecordLocation(BinaryPrimitives.ReadUInt64BigEndian(bytes));
    }

    private StrongBox<bool> CheckSequential()
    {
        bool isSequential = true;
        for (int i = 1; i < _partitions.Length; i++)
        {
            isSequential &= !_partitions[i - 1].Bounds.Overlaps(_partitions[i].Bounds);
        }

        return new StrongBox<bool>(isSequential);
    }

    private void RequirePlacement(LocationPlacement placement)
    {
        if (Projection.Placement != placement)
        {
            throw new InvalidOperationException(
                $"family {Name} keeps locations {Projection.Placement}; this call needs {placement}");
        }
    }
}
