using Mortise.Partitioning;

namespace Mortise.Engine;

/// <summary>Takes ranges out of force one after the other.</summary>
/// <remarks>
/// <para>Neighbours whose partitions end go in one commit together, as many as it may hold. In a store that merges small
/// partitions, one new of each family takes in what is kept of them. A range of which nothing is to be dropped stays out of
/// that, so that what was kept once is not moved each time.</para>
/// <para>Ranges are read beside the writer. Several together are dropped only as they were read; what has changed since is
/// dropped range by range.</para>
/// </remarks>
/// <param name="drop">The ranges, and what is kept.</param>
/// <param name="maxOperations">Operations of one commit, at most.</param>
/// <param name="maxBytes">Bytes of records that one commit may put.</param>
/// <param name="openView">The newest state.</param>
/// <param name="write">To the store's writer.</param>
internal sealed class RangeDropping(
    RangeDrop drop, int maxOperations, long maxBytes, Func<StoreView> openView, Func<EngineWrite, ValueTask> write)
{
    private readonly List<(DroppedRange Done, Lsn Commit)> _dropped = [];

    // Of the range after those in hand; null when it has not been read.
    private RangeContent? _ahead;

    /// <summary>Drops all.</summary>
    /// <param name="cancellation">Stops between two commits.</param>
    public async ValueTask RunAsync(CancellationToken cancellation)
    {
        while (_dropped.Count < drop.Ranges.Count)
        {
            cancellation.ThrowIfCancellationRequested();
            int first = _dropped.Count;
            List<RangeContent> together = ReadTogether(first);
            if (together.Count > 1 && await DropTogetherAsync(first, together).ConfigureAwait(false))
            {
                continue;
            }

            for (int i = 0; i < together.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                _dropped.Add(await DropAsync(drop.Ranges[first + i], together[i]).ConfigureAwait(false));
            }
        }
    }

    /// <summary>What became of each range.</summary>
    /// <param name="deleted">What was deleted of them since: exact, where a commit says only about how many it drops.</param>
    public List<DroppedRange> Report(IReadOnlyList<DeletedRecords> deleted) => _dropped.ConvertAll(dropped =>
    {
        // A commit from before the store was opened has no number here either.
        List<DeletedRecords> known = [.. deleted.Where(d => d.Commit != Lsn.None
            && d.Commit == dropped.Commit
            && dropped.Done.Range.Encloses(d.Bounds))];
        return known.Count == 0 ? dropped.Done : dropped.Done with { Records = known.Sum(static d => d.Records) };
    });

    /// <summary>Says what dropping would do.</summary>
    /// <returns>What would become of each range, and the bytes of index files that would be deleted.</returns>
    public (List<DroppedRange> Ranges, long IndexBytes) Rehearse()
    {
        using StoreView view = openView();
        var ranges = new List<DroppedRange>(drop.Ranges.Count);
        long bytes = 0;
        foreach (OrdinalRange range in drop.Ranges)
        {
            RangeContent content = RangeDropWrite.Read(view, drop, range, maxOperations, maxBytes);
            bool ends = content.EndsPartitions(maxOperations, maxBytes);
            ranges.Add(new DroppedRange(range, content.DueCount, content.Kept.Count, ends ? content.Partitions : 0));
            bytes += ends ? content.IndexBytes : 0;
        }

        return (ranges, bytes);
    }

    /// <summary>Reads a range, and those after it that one commit can drop with it.</summary>
    private List<RangeContent> ReadTogether(int first)
    {
        using StoreView view = openView();
        List<RangeContent> together = [_ahead ?? Read(view, first)];
        _ahead = null;
        if (!EndsForLittle(together[0]))
        {
            return together;
        }

        int kept = together[0].Kept.Count;
        long keptBytes = together[0].KeptBytes;
        for (int i = first + 1; i < drop.Ranges.Count && drop.Ranges[i].First > drop.Ranges[i - 1].Last; i++)
        {
            RangeContent next = Read(view, i);
            kept += next.Kept.Count;
            keptBytes += next.KeptBytes;
            if (!EndsForLittle(next) || !RangeContent.FitsOneCommit(kept, keptBytes, maxOperations, maxBytes))
            {
                _ahead = next;
                break;
            }

            together.Add(next);
        }

        return together;
    }

    private RangeContent Read(StoreView view, int at) =>
        RangeDropWrite.Read(view, drop, drop.Ranges[at], maxOperations, maxBytes);

    private bool EndsForLittle(RangeContent content) =>
        content is { IsWhole: true, DueCount: > 0 } && content.EndsPartitions(maxOperations, maxBytes);

    /// <returns>False when nothing was done, since what was read is no longer so.</returns>
    private async ValueTask<bool> DropTogetherAsync(int first, List<RangeContent> together)
    {
        var range = new OrdinalRange(drop.Ranges[first].First, drop.Ranges[first + together.Count - 1].Last);
        RangeContent all;
        using (StoreView view = openView())
        {
            all = RangeContent.Join(view, range, together);
        }

        var ending = new RangeDropWrite(drop, range, all, maxOperations, maxBytes, isOfSeveral: true);
        await write(ending).ConfigureAwait(false);
        if (!ending.IsComplete)
        {
            return false;
        }

        // One of another family may lie in several of the ranges, and in none alone.
        int beyond = ending.Done.Partitions - together.Sum(static content => content.Partitions);
        for (int i = 0; i < together.Count; i++)
        {
            RangeContent part = together[i];
            int partitions = part.Partitions + (i == together.Count - 1 ? beyond : 0);
            _dropped.Add((
                new DroppedRange(drop.Ranges[first + i], part.DueCount, part.Kept.Count, partitions), ending.Lsn));
        }

        return true;
    }

    private async ValueTask<(DroppedRange Done, Lsn Commit)> DropAsync(OrdinalRange range, RangeContent? content)
    {
        var done = new DroppedRange(range, 0, 0, 0);
        Lsn ended = Lsn.None;
        bool isComplete = false;
        while (!isComplete)
        {
            if (content is null)
            {
                using StoreView view = openView();
                content = RangeDropWrite.Read(view, drop, range, maxOperations, maxBytes);
            }

            if (content.DueCount <= 0 && !content.EndsPartitions(maxOperations, maxBytes))
            {
                return (done with { Kept = content.Kept.Count }, Lsn.None);
            }

            var deletion = new RangeDropWrite(drop, range, content, maxOperations, maxBytes);
            await write(deletion).ConfigureAwait(false);
            done = new DroppedRange(
                range, done.Records + deletion.Done.Records, deletion.Done.Kept, deletion.Done.Partitions);
            isComplete = deletion.IsComplete;
            ended = deletion.Done.Partitions > 0 ? deletion.Lsn : Lsn.None;
            content = null;
        }

        return (done, ended);
    }
}
