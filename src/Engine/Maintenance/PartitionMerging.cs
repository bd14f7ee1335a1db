using Mortise.Components;
using Mortise.Indexing;

namespace Mortise.Engine;

/// <summary>Merges small neighbours among the partitions whose time has passed into one: fewer files, and fewer indexes
/// to open for a query that goes far back.</summary>
/// <remarks>
/// <para>A run of sealed neighbours (see <see cref="PartitionPacking"/>) is merged when its files have fewer bytes than
/// <see cref="EngineOptions.MergeBelow"/> together, and the largest no more than half of them. So an entry is written again
/// at most as often as the sum can double, and what was merged takes in the months that follow it, many at a time.</para>
/// <para>The new index is filled beside the writer, in a directory that no manifest lists, from the state of the neighbours
/// at one commit, and made durable. Then the writer, between two groups, puts it in their place, unless one of them has
/// changed meanwhile: then a later run tries again. A checkpoint lists it in the manifest; before that a crash leaves the
/// neighbours in force, whose files have every commit that the log does not, and after it the merged one. The neighbours'
/// files go when no view reads them.</para>
/// <para>A late event lands in the merged partition. Families whose entries have unique keys of their own are not merged:
/// neighbours may hold the same key.</para>
/// </remarks>
internal sealed class PartitionMerging(
    OpenedParts parts,
    VersionHolder versions,
    Checkpointer checkpointer,
    Func<Func<ValueTask>, ValueTask> onWriter,
    Func<CancellationToken, Task> checkpoint)
{
    private const int GatherBytes = 1 << 20;

    /// <summary>Merges what is sealed and small.</summary>
    /// <returns>Partitions that are no longer there, less those that took their place.</returns>
    public async ValueTask<int> RunAsync(CancellationToken cancellation)
    {
        var ended = new List<EndedPartition>();
        int merged = 0;
        foreach (FamilyState family in parts.Families)
        {
            foreach (List<PartitionState> run in FindRuns(family))
            {
                cancellation.ThrowIfCancellationRequested();
                List<EndedPartition> sources = await MergeAsync(family, run, cancellation).ConfigureAwait(false);
                ended.AddRange(sources);
                merged += Math.Max(0, sources.Count - 1);
            }
        }

        if (ended.Count == 0)
        {
            return 0;
        }

        await checkpoint(cancellation).ConfigureAwait(false);
        await onWriter(async () =>
        {
            // The manifest lists none of them now.
            ended.ForEach(static e => e.Lsn = Lsn.None);
            foreach (FamilyState family in parts.Families)
            {
                await family.RetireEndedAsync(Lsn.None).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
        return merged;
    }

    /// <summary>Cuts neighbours of some sizes into runs that are worth merging. Pure.</summary>
    /// <param name="sizes">Bytes of each, in the order of their bounds; negative for one that must not be merged.</param>
    /// <param name="below">A run has fewer bytes.</param>
    /// <returns>Ranges of indexes, each of two and more.</returns>
    internal static List<Range> Cut(ReadOnlySpan<long> sizes, long below)
    {
        var runs = new List<Range>();
        int first = 0;
        while (first < sizes.Length)
        {
            int end = LongestRun(sizes[first..], below);
            if (end > 0)
            {
                runs.Add(first..(first + end));
            }

            first += Math.Max(1, end);
        }

        return runs;
    }

    /// <returns>How many of the first sizes make a run; 0 when no two do.</returns>
    private static int LongestRun(ReadOnlySpan<long> sizes, long below)
    {
        int longest = 0;
        long sum = 0;
        long largest = 0;
        for (int i = 0; i < sizes.Length && sizes[i] >= 0 && sum + sizes[i] < below; i++)
        {
            sum += sizes[i];
            largest = Math.Max(largest, sizes[i]);
            longest = i > 0 && largest <= sum / 2 ? i + 1 : longest;
        }

        return longest;
    }

    private List<List<PartitionState>> FindRuns(FamilyState family)
    {
        if (!family.MayHaveMerged)
        {
            return [];
        }

        PartitionState[] partitions = family.Partitions;
        long now = parts.Composition.Time.GetUtcNow().ToUnixTimeSeconds();
        long sealedBefore = now - (long)parts.Composition.Options.SealAfter.TotalSeconds;
        long[] sizes = Array.ConvertAll(
            partitions, p => p.IsSealed(sealedBefore) ? p.Handle.Statistics.DiskBytes : -1);
        return Cut(sizes, parts.Composition.Options.MergeBelow.Bytes).ConvertAll(run => partitions[run].ToList());
    }

    /// <returns>The neighbours, when they are no longer in force.</returns>
    private async ValueTask<List<EndedPartition>> MergeAsync(
        FamilyState family, List<PartitionState> run, CancellationToken cancellation)
    {
        PartitionState merged = null!;
        SharedSnapshot[] states = [];
        Lsn through = default;
        List<EndedPartition> ended = [];
        await onWriter(async () =>
        {
            // No part is ever ahead of the log.
            through = versions.Lsn;
            await parts.Log.SyncAsync(through, cancellation).ConfigureAwait(false);
            merged = family.BeginMerge(run);
            states = [.. run.Select(static p => p.Published!.AddReference())];
        }).ConfigureAwait(false);
        try
        {
            if (await FillAsync(merged, states, through, cancellation).ConfigureAwait(false))
            {
                await onWriter(() =>
                {
                    ended = Exchange(family, run, states, merged);
                    return ValueTask.CompletedTask;
                }).ConfigureAwait(false);
            }
        }
        catch (StorageException e) when (e.IsRetryable)
        {
            parts.Composition.Logs("engine").Write(
                ComponentLogLevel.Warning, $"{merged.Handle.Name} could not be made and will be tried again", e);
        }
        finally
        {
            Array.ForEach(states, static state => state.Release());
            if (ended.Count == 0)
            {
                await AbandonAsync(family, merged).ConfigureAwait(false);
            }
        }

        return ended;
    }

    /// <summary>Writes the entries of all neighbours into the new index and makes it durable.</summary>
    /// <returns>False when its structure keeps nothing.</returns>
    private static async ValueTask<bool> FillAsync(
        PartitionState merged, SharedSnapshot[] states, Lsn through, CancellationToken cancellation)
    {
        IIndexFamily index = merged.Handle.Acquire();

        // Nobody else checkpoints it, and it stays open, until it is in force.
        bool isClaimed = merged.Handle.TryBeginCheckpoint();
        try
        {
            if (!index.Traits.IsPersistent)
            {
                return false;
            }

            foreach (SharedSnapshot state in states)
            {
                Copy(state, merged, index, cancellation);
            }

            merged.Pending.ApplyTo(index, Lsn.None);
            index.Apply(new IndexBatch(through, default, default));
            await index.CheckpointAsync(cancellation).ConfigureAwait(false);
            return true;
        }
        finally
        {
            merged.Pending.Clear();
            if (isClaimed)
            {
                merged.Handle.EndCheckpoint();
            }

            merged.Handle.Release(mayClose: false);
        }
    }

    private static void Copy(
        SharedSnapshot state, PartitionState merged, IIndexFamily index, CancellationToken cancellation)
    {
        IIndexSnapshot snapshot = state.Rent();
        try
        {
            var sink = new EntrySink(merged, index, cancellation);
            snapshot.Scan(KeyRange.All, ScanDirection.Forward, ref sink);
        }
        finally
        {
            state.Return();
        }
    }

    /// <summary>Deletes what was made; the next open does it when this cannot.</summary>
    private async ValueTask AbandonAsync(FamilyState family, PartitionState merged)
    {
        try
        {
            await onWriter(() => family.AbandonMergeAsync(merged)).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            parts.Composition.Logs("engine").Write(
                ComponentLogLevel.Warning, $"what was made of {merged.Handle.Name} stays until the next open", e);
        }
    }

    /// <summary>On the writer, between two groups.</summary>
    private List<EndedPartition> Exchange(
        FamilyState family, List<PartitionState> run, SharedSnapshot[] states, PartitionState merged)
    {
        // A late event came: into a neighbour, or between them, where there was no partition.
        bool hasChanged = run.Where((p, i) => !ReferenceEquals(p.Published, states[i])).Any()
            || Array.Exists(family.Partitions, p => p.Bounds.Overlaps(merged.Bounds) && !run.Contains(p));
        if (hasChanged)
        {
            return [];
        }

        checkpointer.MarkStale();
        return family.CompleteMerge(run, merged, versions.Lsn, () =>
        {
            versions.Publish(versions.Lsn, parts.Families);
            return versions.WhenOnlyTheCurrentIsOpen();
        });
    }

    private readonly struct EntrySink(PartitionState merged, IIndexFamily index, CancellationToken cancellation)
        : IEntrySink
    {
        public bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            cancellation.ThrowIfCancellationRequested();
            merged.Pending.Add(IndexOperation.Set, key, default, value, default);
            if (merged.Pending.Bytes > GatherBytes)
            {
                merged.Pending.ApplyTo(index, Lsn.None);
            }

            return true;
        }
    }
}
