using Mortise.Conformance;
using Mortise.Engine;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Simulation;

/// <summary>One run of a script: the world, the store in it, and the oracle.</summary>
internal sealed class SimRun(Func<SimWorld, StoreComposition> compose, SimWorld world, SimulationCounts counts)
    : IAsyncDisposable
{
    private readonly SimOracle _oracle = new();
    private SimWorld _world = world;
    private StoreEngine? _engine;
    private EngineOptions _options = new();
    private IReadOnlyList<FamilyPart> _families = [];
    private PowerCutStep? _armed;
    private long _armedAt;

    /// <summary>Answers to the questions of the script, so far.</summary>
    public List<string> Answers { get; } = [];

    /// <summary>Runs a script to its end.</summary>
    /// <returns>What was wrong, or null.</returns>
    public async Task<string?> RunAsync(IReadOnlyList<SimStep> script)
    {
        for (int at = 0; at <= script.Count; at++)
        {
            string where = at < script.Count ? $"step {at}, {script[at]}" : "the last open";
            try
            {
                if (at < script.Count)
                {
                    await StepAsync(script[at]).ConfigureAwait(false);
                }
                else
                {
                    await FinishAsync().ConfigureAwait(false);
                }
            }
            catch (Exception e)
            {
                return $"{where}: {e.GetType().Name}: {e.Message}{Environment.NewLine}{e.StackTrace}";
            }
        }

        return null;
    }

    private async Task StepAsync(SimStep step)
    {
        if (step is PowerCutStep cut)
        {
            // From here on any operation may be the last one, those of opening the store included.
            Arm(cut);
            return;
        }

        await OpenAsync().ConfigureAwait(false);
        try
        {
            await ActAsync(step).ConfigureAwait(false);
            _world.Background.AfterCall();
            if (_world.Disk.IsOff)
            {
                await CrashAsync().ConfigureAwait(false);
            }
        }
        catch (Exception e) when (IsPowerCut(e))
        {
            await CrashAsync().ConfigureAwait(false);
        }
    }

    /// <summary>After the last step: the store opens, and is in a promised state.</summary>
    private async Task FinishAsync()
    {
        await OpenAsync().ConfigureAwait(false);
        try
        {
            using StoreView view = _engine!.OpenView();
            _oracle.RequireNewest(view);
        }
        catch (Exception e) when (IsPowerCut(e))
        {
            await CrashAsync().ConfigureAwait(false);
            await OpenAsync().ConfigureAwait(false);
        }

        counts.Operations += _world.Disk.Operations;
    }

    /// <summary>Ends the last process, whatever state it is in.</summary>
    public async ValueTask DisposeAsync()
    {
        await AbandonAsync(_world).ConfigureAwait(false);
        _world.Dispose();
    }

    private async Task ActAsync(SimStep step)
    {
        switch (step)
        {
            case WriteStep write:
                _oracle.Submit(write);
                await DriveAsync(_engine!.WriteAsync(Make(write)).AsTask()).ConfigureAwait(false);
                Acknowledged();
                break;
            case GroupStep group:
                await WriteGroupAsync(group).ConfigureAwait(false);
                break;
            case RefusedWriteStep:
                await RequireRefusalAsync().ConfigureAwait(false);
                break;
            case CheckpointStep:
                _world.Background.Complete(_engine!.CheckpointAsync());
                _oracle.PromiseAll();
                break;
            case CompactStep:
                await CompactAsync().ConfigureAwait(false);
                break;
            case DropStep drop:
                await DropAsync(drop).ConfigureAwait(false);
                break;
            case PackStep pack:
                await PackAsync(pack).ConfigureAwait(false);
                break;
            case SwitchStep change:
                await SwitchAsync(change).ConfigureAwait(false);
                break;
            case AskStep question:
                using (StoreView view = _engine!.OpenView())
                {
                    Answers.Add(question.Ask(view));
                }

                break;
            case CheckStep:
                using (StoreView view = _engine!.OpenView())
                {
                    _oracle.RequireNewest(view);
                }

                break;
            case WaitStep wait:
                Wait(wait.Time);
                break;
            case CloseStep:
                _world.Background.Complete(_engine!.DisposeAsync());
                if (_world.Disk.IsOff)
                {
                    // The power went before, in the background: a store that failed closes without a word, and promises
                    // nothing new.
                    await CrashAsync().ConfigureAwait(false);
                    break;
                }

                _engine = null;
                _oracle.PromiseAll();
                await NextProcessAsync().ConfigureAwait(false);
                break;
            case KillStep:
                // Every write so far was handed to the operating system, and nothing is under way.
                _oracle.PromiseAllWithPower();
                counts.Kills++;
                await NextProcessAsync().ConfigureAwait(false);
                break;
            default:
                throw new InvalidOperationException($"unknown step {step}");
        }
    }

    private static SimWrite Make(WriteStep write, Action? whileDeciding = null) =>
        new([.. write.Puts.Select(static p => p.ToRecord())], write.Deletes) { WhileDeciding = whileDeciding };

    private async Task WriteGroupAsync(GroupStep group)
    {
        var followers = new List<Task>();
        StoreEngine engine = _engine!;
        SimWrite leader = Make(group.Writes[0], () =>
        {
            foreach (WriteStep follower in group.Writes.Skip(1))
            {
                _oracle.Submit(follower);
                followers.Add(engine.WriteAsync(Make(follower)).AsTask());
            }
        });
        _oracle.Submit(group.Writes[0]);
        try
        {
            await DriveAsync(engine.WriteAsync(leader).AsTask()).ConfigureAwait(false);
        }
        finally
        {
            // A power cut fails them all; none may be left running in a world that is gone.
            await DriveAsync(Task.WhenAll(followers)).ConfigureAwait(false);
        }

        Acknowledged();
    }

    private async Task RequireRefusalAsync()
    {
        var refusal = new StorageException(StorageErrorCode.Unsupported, "refused by the simulation");
        try
        {
            await DriveAsync(
                _engine!.WriteAsync(new SimWrite([], []) { Failure = refusal }).AsTask()).ConfigureAwait(false);
        }
        catch (StorageException e) when (ReferenceEquals(e, refusal))
        {
            return;
        }

        throw new SimulationFailureException("a refused write was acknowledged");
    }

    private async Task CompactAsync()
    {
        if (!_engine!.Records.TryGet(out IReclaimable? _))
        {
            return;
        }

        Task<CompactionReport> compaction =
            _engine.CompactAsync(
                new CompactionOptions { MinDeadFraction = 0.01, MoveBytes = ByteSize.KiB(1) }).AsTask();
        await DriveAsync(compaction).ConfigureAwait(false);
        using StoreView view = _engine!.OpenView();
        _oracle.RequireNewest(view);
    }

    private async Task DropAsync(DropStep step)
    {
        FamilyPart through = _families[1];
        List<OrdinalRange> ranges = [new OrdinalRange(long.MinValue, step.Before - 1)];
        if (step.IsByPartition && through.Partitions.Routing == PartitionRouting.ByOrdinal)
        {
            using StoreView view = _engine!.OpenView();
            FamilyView family = view.Find(through.Name)!;
            ranges = [.. Enumerable.Range(0, family.PartitionCount).Select(family.BoundsOf)
                .Where(bounds => bounds.Last < step.Before).Reverse()];
        }

        ranges.ForEach(range => _oracle.Submit(step, range));
        await DriveAsync(_engine!.DropRangesAsync(new RangeDrop
        {
            Family = through.Name,
            Ranges = ranges,
            Keeps = step.KeptOf == 0 ? null : record => step.Keeps(SimRecord.Id(record)),
            MayKeep = step.NamesKept ? (view, range) => Named(view.Find(through.Name)!, range) : null,
            LeavesSpace = step.LeavesSpace,
        }).AsTask()).ConfigureAwait(false);

        // It ends with a checkpoint when it did anything; without one nothing new was promised.
        Acknowledged();
        using StoreView after = _engine!.OpenView();
        _oracle.RequireNewest(after);
    }

    private static List<RecordLocation> Named(FamilyView family, OrdinalRange range)
    {
        var named = new List<RecordLocation>();
        using FamilyCursor cursor = family.OpenCursor(KeyRange.All, range, EntryOrder.ByKey);
        while (cursor.MoveNext())
        {
            named.Add(cursor.Location);
        }

        return named;
    }

    /// <summary>Two checkpoints and a write come while partitions are being packed.</summary>
    private async Task PackAsync(PackStep step)
    {
        StoreEngine engine = _engine!;
        _world.Clock.Advance(_options.SealAfter + TimeSpan.FromSeconds(2));
        Task packing = engine.PackAsync().AsTask();
        Task? first = null;
        try
        {
            _world.Background.RunOne();
            first = engine.CheckpointAsync().AsTask();
            _oracle.Submit(step.Meanwhile);
            await DriveAsync(engine.WriteAsync(Make(step.Meanwhile)).AsTask()).ConfigureAwait(false);
            Acknowledged();
            await DriveAsync(engine.CheckpointAsync().AsTask()).ConfigureAwait(false);
            _oracle.PromiseAll();
        }
        finally
        {
            // A power cut fails them all; none may be left running in a world that is gone.
            await DriveAsync(Task.WhenAll(packing, first ?? Task.CompletedTask)).ConfigureAwait(false);
        }

        using StoreView view = engine.OpenView();
        _oracle.RequireNewest(view);
    }

    /// <summary>Writes commit whenever the new family opens a partition: in the middle of the scan, mostly.</summary>
    private async Task SwitchAsync(SwitchStep step)
    {
        StoreEngine engine = _engine!;
        FamilyPart old = _families[step.Family % _families.Count];
        var waiting = new Queue<WriteStep>(step.Meanwhile);
        var written = new List<Task>();
        void WriteNext()
        {
            if (waiting.TryDequeue(out WriteStep? write))
            {
                _oracle.Submit(write);
                written.Add(engine.WriteAsync(Make(write)).AsTask());
            }
        }

        var next = new FamilyPart
        {
            Name = old.Name,
            Projection = old.Projection,
            Partitions = old.Partitions,
            InlineBelowBytes = old.InlineBelowBytes,
            Structure = new ComponentPart<IIndexFamily>
            {
                Identity = old.Structure.Identity,
                Examiner = old.Structure.Examiner,
                Open = (context, cancellation) =>
                {
                    WriteNext();
                    return old.Structure.Open(context, cancellation);
                },
            },
        };
        try
        {
            Task<FamilySwitchReport> switching = engine.SwitchFamilyAsync(next).AsTask();
            while (!switching.IsCompleted)
            {
                if (!_world.Background.RunOne())
                {
                    await Task.Yield();
                }
            }

            await switching.ConfigureAwait(false);

            // A family of few partitions opens few: what was not written meanwhile is written now, so that the script
            // means the same to every stack.
            while (waiting.Count > 0)
            {
                WriteNext();
            }
        }
        finally
        {
            // Partitions that open later open in peace. A power cut fails the writes; none may be left running.
            waiting.Clear();
            await DriveAsync(Task.WhenAll(written)).ConfigureAwait(false);
        }

        Acknowledged();
        using StoreView view = engine.OpenView();
        _oracle.RequireNewest(view);
    }

    /// <summary>In mode batch, whatever was acknowledged before the interval has passed is durable after it.</summary>
    private void Wait(TimeSpan time)
    {
        Lsn acknowledged = _engine!.GetStatistics().Lsn;
        _world.Clock.Advance(time);
        if (_options.SyncMode == SyncMode.Batch && time >= _options.BatchInterval)
        {
            SpinWait.SpinUntil(
                () => _world.Disk.IsOff || _engine.FaultCause is not null
                    || _engine.GetStatistics().DurableLsn >= acknowledged);
            if (!_world.Disk.IsOff)
            {
                _oracle.PromiseAll();
            }
        }
    }

    private void Acknowledged()
    {
        if (_options.SyncMode == SyncMode.Always)
        {
            _oracle.PromiseAll();
        }
    }

    private async Task OpenAsync()
    {
        while (_engine is null)
        {
            try
            {
                StoreComposition composition = compose(_world);
                _options = composition.Options;
                _families = composition.Families;
                Task<StoreEngine> opening =
                    StoreEngine.OpenAsync(composition, SimProjections.All, new SimPlanner()).AsTask();
                await DriveAsync(opening).ConfigureAwait(false);
                _engine = await opening.ConfigureAwait(false);
                counts.TornCommits += _engine.OpenReport.TornCommits;
                counts.ReplayedCommits += _engine.OpenReport.ReplayedCommits;
                using StoreView view = _engine.OpenView();
                _oracle.Settle(view);
            }
            catch (Exception e) when (IsPowerCut(e))
            {
                await CrashAsync(whileOpening: true).ConfigureAwait(false);
            }
        }
    }

    private Task DriveAsync(Task task) => DriveAsync(task, _world);

    private static async Task DriveAsync(Task task, SimWorld world)
    {
        while (!task.IsCompleted)
        {
            if (!world.Background.RunOne())
            {
                await Task.Yield();
            }
        }

        await task.ConfigureAwait(false);
    }

    private async Task CrashAsync(bool whileOpening = false)
    {
        PowerCutStep fallen = _armed!;
        counts.PowerCuts++;
        counts.CutsWhileOpening += whileOpening ? 1 : 0;
        counts.Operations += _world.Disk.Operations;
        _oracle.PowerWasCut();
        await LeaveForAsync(_world.AfterPowerCut(fallen.Seed, fallen.Model)).ConfigureAwait(false);
        _armed = null;
        if (fallen.Then is { } next)
        {
            Arm(next);
        }
    }

    private void Arm(PowerCutStep cut)
    {
        _armed = cut;
        _armedAt = _world.Disk.Operations;
        _world.Disk.CutPowerAt(_armedAt + cut.AfterOperations);
    }

    /// <summary>A cut that was armed and has not fallen yet stays armed in the next process.</summary>
    private async Task NextProcessAsync()
    {
        long operations = _world.Disk.Operations;
        counts.Operations += operations;
        await LeaveForAsync(_world.AfterProcessDeath()).ConfigureAwait(false);
        if (_armed is { } armed)
        {
            Arm(armed with { AfterOperations = (int)Math.Max(1, armed.AfterOperations - (operations - _armedAt)) });
        }
    }

    private async Task LeaveForAsync(SimWorld next)
    {
        SimWorld last = _world;
        _world = next;
        await AbandonAsync(last).ConfigureAwait(false);
        last.Dispose();
    }

    /// <summary>Gives back what an operating system would take from a dead process: timers, instruments, native
    /// memory. The dead store's disk is off, and the next world has a disk of its own: nothing that it does while it
    /// closes is seen there.</summary>
    private async Task AbandonAsync(SimWorld world)
    {
        if (_engine is not { } dead)
        {
            return;
        }

        _engine = null;
        world.Disk.CutPower();
        try
        {
            await DriveAsync(dead.DisposeAsync().AsTask(), world).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SimulatedPowerCutException or StorageException)
        {
            // A store that cannot write its last checkpoint says so; here nobody is left to hear it.
        }
    }

    private bool IsPowerCut(Exception e) =>
        _armed is not null && _world.Disk.IsOff && e is not (
            SimulationFailureException or InvalidOperationException or ArgumentException);
}
