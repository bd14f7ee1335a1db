using Mortise.Components;
using Mortise.Indexing;
using Mortise.Partitioning;

namespace Mortise.Engine;

/// <summary>Packs partitions whose time has passed: their indexes are written once more, in the shape that takes the least
/// space and is read fastest.</summary>
/// <remarks>A partition is sealed when it ended longer ago than <see cref="EngineOptions.SealAfter"/> and nothing was
/// written to it for as long. A late event still lands in it, in order, and it is packed again later. One at a time; a
/// partition that the manifest calls packed is not opened for it. Ordinals are seconds since 1970.</remarks>
internal sealed class PartitionPacking(
    OpenedParts parts, VersionHolder versions, Func<Func<ValueTask>, ValueTask> onWriter)
{
    /// <summary>Packs everything that is not packed, whatever its time: all families beside each other.</summary>
    /// <returns>Partitions packed.</returns>
    public async ValueTask<int> RunOnAllAsync(CancellationToken cancellation)
    {
        List<Task<int>> packing = [];
        foreach (FamilyState family in parts.Families)
        {
            packing.Add(PackAllOfAsync(family, cancellation));
        }

        int[] packed = await Task.WhenAll(packing).ConfigureAwait(false);
        return packed.Sum();
    }

    /// <summary>Packs what is sealed and not packed yet.</summary>
    /// <returns>Partitions packed.</returns>
    public async ValueTask<int> RunAsync(CancellationToken cancellation)
    {
        int packed = 0;
        long now = parts.Composition.Time.GetUtcNow().ToUnixTimeSeconds();
        long sealedBefore = now - (long)parts.Composition.Options.SealAfter.TotalSeconds;
        foreach (FamilyState family in parts.Families)
        {
            if (family.Part.Partitions.Routing != PartitionRouting.ByOrdinal)
            {
                continue;
            }

            foreach (PartitionState partition in family.Partitions)
            {
                cancellation.ThrowIfCancellationRequested();
                if (!partition.Handle.IsPacked
                    && partition.IsSealed(sealedBefore)
                    && await PackAsync(family, partition, cancellation).ConfigureAwait(false))
                {
                    packed++;
                }
            }
        }

        return packed;
    }

    private async Task<int> PackAllOfAsync(FamilyState family, CancellationToken cancellation)
    {
        int packed = 0;
        foreach (PartitionState partition in family.Partitions)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!partition.Handle.IsPacked && await PackAsync(family, partition, cancellation).ConfigureAwait(false))
            {
                packed++;
            }
        }

        return packed;
    }

    private async ValueTask<bool> PackAsync(
        FamilyState family, PartitionState partition, CancellationToken cancellation)
    {
        if (!await PackOnceAsync(partition.Handle, cancellation).ConfigureAwait(false))
        {
            return false;
        }

        // What was packed lies behind what it was packed from. Once no view reads that, it can be moved there.
        await RefreshAsync(family, partition).ConfigureAwait(false);
        if (await PackOnceAsync(partition.Handle, cancellation).ConfigureAwait(false))
        {
            await RefreshAsync(family, partition).ConfigureAwait(false);
        }

        return true;
    }

    private ValueTask RefreshAsync(FamilyState family, PartitionState partition) => onWriter(() =>
    {
        if (parts.Families.Contains(family) && family.Partitions.Contains(partition))
        {
            partition.Supersede();
            versions.Publish(versions.Lsn, parts.Families);
        }

        return ValueTask.CompletedTask;
    });

    private async ValueTask<bool> PackOnceAsync(IndexHandle handle, CancellationToken cancellation)
    {
        IIndexFamily index = handle.Acquire();
        bool isClaimed = false;
        try
        {
            if (!index.TryGet(out IPackableIndex? packable) || packable.IsPacked)
            {
                return false;
            }

            isClaimed = handle.TryBeginCheckpoint();
            if (!isClaimed)
            {
                // A checkpoint is at it; the next run finds it again.
                return false;
            }

            Task packing = Task.CompletedTask;
            await onWriter(async () =>
            {
                // No part is ever ahead of the log.
                if (index.AppliedLsn > parts.Durability.DurableLsn)
                {
                    await parts.Durability.SyncAsync(index.AppliedLsn, cancellation).ConfigureAwait(false);
                }

                packing = packable.PackAsync(cancellation).AsTask();
            }).ConfigureAwait(false);

            // A checkpoint may come beside it; the capability says so.
            handle.EndCheckpoint();
            isClaimed = false;
            await packing.ConfigureAwait(false);
            return true;
        }
        catch (StorageException e) when (e.IsRetryable)
        {
            parts.Composition.Logs("engine").Write(
                ComponentLogLevel.Warning, $"{handle.Name} could not be packed and will be tried again", e);
            return false;
        }
        finally
        {
            if (isClaimed)
            {
                handle.EndCheckpoint();
            }

            handle.Release();
        }
    }
}
