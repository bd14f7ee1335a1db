namespace Mortise.BTreeIndex;

/// <summary>Makes fewer runs of the runs on disk, a piece at a time: merges that the policy wants, those that readers
/// have paid for, and packs that someone waits for.</summary>
/// <remarks>
/// <para>A pack merges every run into one, and leaves no free pages before it, so that the file can be cut behind it.
/// The run is written at the file's start when there is room. Otherwise it goes behind everything; then what was before
/// it is free, and it is written again, to the start.</para>
/// <para>Threads: one at a time.</para>
/// </remarks>
internal sealed class RunMerging(
    BTreeIndexOptions options,
    PageFile file,
    PageSpace space,
    IndexState state,
    DurableState durable,
    ReaderToll toll,
    Action<DiskRun> onUnreachable) : IDisposable
{
    private const uint PagesPerStep = 128;

    /// <summary>A run is written again for this part of its pages.</summary>
    private const int WorthWhileShare = 64;

    /// <summary>The directory of one run, whose longest keys have a quarter page each, fits into so many.</summary>
    private const uint MostDirectoryPages = 2;

    /// <summary>To the end and to the start, and once more where others came between.</summary>
    private const int MostMoves = 3;

    private readonly List<IndexRequest> _packs = [];
    private RunMerge? _merge;
    private int _movesLeft;
    private bool _isStopped;

    /// <summary>Whether a list of runs is what a pack would make of it.</summary>
    public static bool IsPacked(ReadOnlySpan<DiskRun> newestFirst, PageSpace space) =>
        newestFirst.Length == 0
        || (newestFirst is [{ Record: { Tombstones: 0 } }] && !HasRoomBefore(newestFirst[0], space));

    /// <summary>Begins to pack what is on disk and durable now; <see cref="Advance"/> does the work.</summary>
    public void BeginPack(IndexRequest request)
    {
        Abandon();
        _packs.Add(request);
        _movesLeft = MostMoves;
        if (!TryStart(state.Current.Disk.Length, isPack: true))
        {
            EndPacks();
        }
    }

    /// <summary>Does a piece of a merge.</summary>
    /// <returns>False when none is wanted.</returns>
    public bool Advance(CancellationToken cancellation)
    {
        if (_packs.Count > 0 && DropCancelledPacks())
        {
            return true;
        }

        if (_merge is null && (_isStopped || !TryStart(Choose(), isPack: false)))
        {
            return false;
        }

        try
        {
            if (_merge!.Advance(PagesPerStep, cancellation))
            {
                Install(_merge);
                GoOnPacking();
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Abandon();

            // A damaged page would stop every merge that reads it; readers are told when they meet it.
            _isStopped = e is StorageException { Code: StorageErrorCode.Corrupt };
            if (_packs.Count == 0)
            {
                throw;
            }

            FailPacks(e);
            if (e is not StorageException)
            {
                throw;
            }
        }

        return true;
    }

    /// <summary>Everything was discarded: there is nothing to merge, and packs are done.</summary>
    public void Reset()
    {
        Abandon();
        _isStopped = false;
        EndPacks();
    }

    /// <summary>Fails the packs that someone waits for.</summary>
    public void FailPacks(Exception reason)
    {
        foreach (IndexRequest pack in _packs)
        {
            pack.Done.TrySetException(reason);
        }

        _packs.Clear();
    }

    /// <summary>Ends what is under way.</summary>
    public void Dispose() => Abandon();

    /// <summary>Whether there are free pages, and so many that writing a run again is worth it, and nobody holds other
    /// pages: those would stay in the way.</summary>
    private static bool HasRoomBefore(DiskRun run, PageSpace space)
    {
        long free = space.FreePages;
        return free > PageSpace.SmallWastePages + (run.PageCount / WorthWhileShare)
            && space.PageCount - free <= PageFormat.FirstDataPage + MostDirectoryPages + run.PageCount;
    }

    private int Choose()
    {
        DiskRun[] runs = state.Current.Disk;
        int count = MergePolicy.Choose(runs, options.MergeFanIn, options.MaxRuns);
        if (count == 0 && (count = MergePolicy.ChooseForReaders(runs, toll.Paid, out long entries)) > 0)
        {
            toll.Spend(entries);
        }

        return count;
    }

    private bool TryStart(int count, bool isPack)
    {
        IndexVersion version = state.AcquireCurrent();
        if (count == 0 || (isPack && IsPacked(version.Disk, space)))
        {
            version.Release();
            return false;
        }

        _merge = new RunMerge(version, count, file, space, durable.TakeRunId(), isPack);
        return true;
    }

    private void GoOnPacking()
    {
        if (_packs.Count == 0)
        {
            return;
        }

        DiskRun[] runs = state.Current.Disk;
        if (runs.Length == 1 && _movesLeft-- > 0 && !IsPacked(runs, space))
        {
            // The directory may lie in the middle of what is free; written again, it lies before that.
            durable.Change(durable.Lsn, durable.Runs);
            if (TryStart(1, isPack: true))
            {
                return;
            }
        }

        durable.GiveBack();
        EndPacks();
    }

    private bool DropCancelledPacks()
    {
        foreach (IndexRequest pack in _packs)
        {
            if (pack.Cancellation.IsCancellationRequested)
            {
                pack.Done.TrySetCanceled(pack.Cancellation);
            }
        }

        if (_packs.RemoveAll(static pack => pack.Done.Task.IsCompleted) == 0 || _packs.Count > 0)
        {
            return false;
        }

        Abandon();
        return true;
    }

    private void EndPacks()
    {
        foreach (IndexRequest pack in _packs)
        {
            pack.Done.TrySetResult();
        }

        _packs.Clear();
    }

    private void Abandon()
    {
        _merge?.Dispose();
        _merge = null;
    }

    private void Install(RunMerge merge)
    {
        DiskRun? merged = merge.Result is null ? null : new DiskRun(merge.Result, onUnreachable);
        state.ReplaceDisk(merge.Inputs, merged);

        // When all that was merged is durable, so can be the result, and the pages of what it replaces are free the
        // sooner.
        DiskRun[] before = durable.Runs;
        int at = Array.IndexOf(before, merge.Inputs[0]);
        bool isDurable = at >= 0 && at + merge.Inputs.Length <= before.Length
            && before.AsSpan(at, merge.Inputs.Length).SequenceEqual(merge.Inputs);
        int end = at + merge.Inputs.Length;
        _merge = null;
        merge.Dispose();
        try
        {
            if (isDurable)
            {
                DiskRun[] middle = merged is null ? [] : [merged];
                durable.Change(durable.Lsn, [.. before[..at], .. middle, .. before[end..]]);
            }
        }
        finally
        {
            merged?.Release();
        }
    }
}
