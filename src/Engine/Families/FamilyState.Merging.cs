using System.Diagnostics.CodeAnalysis;
using Mortise.Indexing;
using Mortise.Partitioning;

namespace Mortise.Engine;

/// <content>Neighbours that become one partition, and the files of partitions that are no longer in force.</content>
internal sealed partial class FamilyState
{
    private readonly List<PartitionState> _merged = [];

    /// <summary>Partitions that are no longer in force and whose files are still there.</summary>
    public int EndedCount => _ended.Count;

    /// <summary>True when neighbours may become one partition: the store wants it, they cannot hold the same ordinal, and no
    /// two entries of theirs can have the same key.</summary>
    public bool MayHaveMerged =>
        _indexes.MergesNeighbours
        && IsByOrdinal
        && Projection.Placement == LocationPlacement.InKey
        && AreDisjoint(_partitions);

    /// <summary>A partition for what some neighbours hold. Not in force, and its files are not listed in the manifest, until
    /// <see cref="CompleteMerge"/>; a crash leaves files that the next open deletes.</summary>
    /// <param name="neighbours">Partitions in force, newest first, no two of which can hold the same ordinal, with none
    /// between them.</param>
    public PartitionState BeginMerge(IReadOnlyList<PartitionState> neighbours)
    {
        var span = new PartitionSpan(neighbours[^1].Span.First, neighbours[0].Span.Last);
        string directory = FreeDirectory(Part.Partitions.Name(span.First));
        return Create(span, directory, Lsn.None, default, isPacked: true);
    }

    /// <summary>Deletes what a merge that came to nothing has written.</summary>
    public async ValueTask AbandonMergeAsync(PartitionState merged)
    {
        await merged.Handle.DisposeAsync().ConfigureAwait(false);
        _directory.DeleteDirectory(merged.DirectoryName);
        _directory.Sync();
    }

    /// <summary>Puts a partition that holds what some neighbours hold in their place.</summary>
    /// <param name="neighbours">As at <see cref="BeginMerge"/>; unchanged since their content was read.</param>
    /// <param name="merged">What it gave.</param>
    /// <param name="lsn">The last commit.</param>
    /// <param name="publish">Makes it the version that readers get; the result ends when none has another.</param>
    /// <returns>The neighbours; their files go when a manifest no longer lists them.</returns>
    public List<EndedPartition> CompleteMerge(
        IReadOnlyList<PartitionState> neighbours, PartitionState merged, Lsn lsn, Func<Task> publish)
    {
        foreach (PartitionState neighbour in neighbours)
        {
            TakeOut(neighbour);
        }

        Add(merged);
        Task unread = publish();
        List<EndedPartition> ended =
            [.. neighbours.Select(n => new EndedPartition(n, lsn.Next) { Unread = unread })];
        _ended.AddRange(ended);
        foreach (PartitionState neighbour in neighbours)
        {
            neighbour.Published?.Release();
            neighbour.Published = null;
        }

        return ended;
    }

    /// <summary>All ordinals that are, or would be, in the partition that holds an ordinal. Of a family by ordinals.</summary>
    public OrdinalRange BoundsOf(long ordinal)
    {
        OrdinalRange bounds = Part.Partitions.Bounds(Part.Partitions.Locate(ordinal, default));
        return _merged.Find(m => m.Bounds.Encloses(bounds))?.Bounds ?? bounds;
    }

    /// <summary>Partitions that ended with a range and whose files are still there.</summary>
    public IEnumerable<PartitionState> EndedIn(PendingDrop drop) =>
        _ended.Where(e => e.IsDropped && e.Lsn == drop.Lsn).Select(static e => e.Partition);

    /// <summary>Closes partitions that are no longer in force and deletes their files; the next open of the store does it
    /// when this cannot.</summary>
    /// <param name="through">Those that ended up to this commit: the manifest no longer lists them, and no view is
    /// older.</param>
    /// <returns>Bytes given back.</returns>
    public async ValueTask<long> RetireEndedAsync(Lsn through)
    {
        long bytes = 0;
        for (int i = _ended.Count - 1; i >= 0; i--)
        {
            EndedPartition ended = _ended[i];
            if (ended.Lsn <= through && ended.Unread.IsCompleted)
            {
                bytes += ended.Partition.Handle.Statistics.DiskBytes;
                await ended.Partition.Handle.DisposeAsync().ConfigureAwait(false);
                _directory.DeleteDirectory(ended.Partition.DirectoryName);
                _ended.RemoveAt(i);
            }
        }

        _directory.Sync();
        return bytes;
    }

    private static bool AreDisjoint(PartitionState[] newestFirst)
    {
        for (int i = 1; i < newestFirst.Length; i++)
        {
            if (newestFirst[i].Bounds.Last >= newestFirst[i - 1].Bounds.First)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The merged partition that holds what belongs into one of the scheme's.</summary>
    private bool TryFindMerged(PartitionId id, [NotNullWhen(true)] out PartitionState? merged)
    {
        merged = null;
        if (_merged.Count > 0)
        {
            OrdinalRange bounds = Part.Partitions.Bounds(id);
            merged = _merged.Find(m => m.Bounds.Encloses(bounds));
            if (merged is not null)
            {
                _byId.Add(id, merged);
            }
        }

        return merged is not null;
    }
}
