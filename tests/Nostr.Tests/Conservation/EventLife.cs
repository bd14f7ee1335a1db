using Mortise.Conformance;
using Mortise.Engine;

namespace Mortise.Nostr.Tests;

/// <summary>A random life of a small event store beside an oracle: events come, are replaced, deleted and expire, segments
/// are compacted, the process is killed, the power goes. After each step the store has exactly the oracle's events.</summary>
/// <remarks>Sync mode is always: what was acknowledged before a power cut is there after it. A write that the cut falls into
/// has happened or has not, as a whole.</remarks>
internal sealed class EventLife : IAsyncDisposable
{
    private static readonly TestStack s_stack = TestStack.Full with { SegmentSize = ByteSize.KiB(8) };
    private static readonly CrashModel[] s_models = Enum.GetValues<CrashModel>();
    private static readonly int[] s_kinds = [0, 1, 1, 1, 7, 10002, 30023];

    private readonly ulong _seed;
    private readonly Random _random;
    private readonly byte[][] _authors;
    private readonly List<NostrEvent> _given = [];
    private SimWorld _world;
    private EventStore _store = null!;
    private OracleStore _oracle;
    private int _worlds;

    private EventLife(ulong seed)
    {
        _seed = seed;
        _random = Seeds.Generator(seed);
        _world = new SimWorld(seed, new SimDiskOptions { KeepLog = false }, eagerBackground: true);
        _oracle = new OracleStore(Now);
        _authors = [.. Enumerable.Range(0, 3).Select(_ => Bytes(32))];
    }

    public long PowerCuts { get; private set; }

    public long Reclaimed { get; private set; }

    public long Replaced { get; private set; }

    public long Expired { get; private set; }

    private long Now => _world.Clock.GetUtcNow().ToUnixTimeSeconds();

    public static async Task<EventLife> LiveAsync(ulong seed, int steps)
    {
        var life = new EventLife(seed);
        await life.OpenAsync();
        for (int step = 0; step < steps; step++)
        {
            await life.StepAsync(step);
        }

        return life;
    }

    public async ValueTask DisposeAsync()
    {
        await DriveAsync(_store.DisposeAsync().AsTask());
        _world.Dispose();
    }

    private async Task StepAsync(int step)
    {
        // A quarter of all steps has a power cut somewhere in it, or behind it.
        bool cuts = _random.Next(4) == 0;
        if (cuts)
        {
            _world.Disk.CutPowerAt(_world.Disk.Operations + _random.Next(1, 40));
        }

        string what = "";
        Action<OracleStore> change = static _ => { };
        try
        {
            (what, Func<Task> act, change) = Choose();
            await act();
            change(_oracle);
        }
        catch (Exception e) when (cuts && _world.Disk.IsOff && e is SimulatedPowerCutException or StorageException)
        {
            await AfterPowerCutAsync();
            Settle(change, $"seed {_seed}, step {step}: the power was cut during '{what}'");
            return;
        }

        if (cuts)
        {
            await AfterPowerCutAsync();
        }

        Check(_oracle, $"seed {_seed}, step {step}: {what}{(cuts ? ", then the power was cut" : "")}");
    }

    /// <summary>The write that the cut fell into is there or is not; the oracle follows.</summary>
    private void Settle(Action<OracleStore> change, string context)
    {
        OracleStore after = _oracle.Copy();
        change(after);
        if (Find(after).Length == 0)
        {
            _oracle = after;
        }

        Check(_oracle, context);
    }

    private (string What, Func<Task> Act, Action<OracleStore> Change) Choose()
    {
        switch (_random.Next(12))
        {
            case 0:
                return ("checkpoint", () => DriveAsync(_store.CheckpointAsync().AsTask()), static _ => { });
            case 1:
                return ("compact", CompactAsync, static _ => { });
            case 2:
                return ("remove expired", () => DriveAsync(_store.RemoveExpiredAsync(1000).AsTask()), RemoveExpired);
            case 3:
                return ("close and open", CloseAsync, static _ => { });
            case 4:
                return ("kill", KillAsync, static _ => { });
            case 5:
                _world.Clock.Advance(TimeSpan.FromSeconds(_random.Next(1, 40)));
                _oracle.Now = Now;
                return ("time", static () => Task.CompletedTask, static _ => { });
            case 6 when _oracle.Events.Count > 0:
                OracleEvent gone = _oracle.Events.ElementAt(_random.Next(_oracle.Events.Count));
                return (
                    "remove",
                    () => DriveAsync(_store.DeleteAsync(Convert.FromHexString(gone.Id)).AsTask()),
                    oracle => oracle.Remove(gone));
            default:
                NostrEvent[] events = [.. Enumerable.Range(0, _random.Next(1, 12)).Select(_ => Next())];
                return ("put", () => PutAsync(events), oracle => Array.ForEach(events, e => oracle.Put(new OracleEvent(e))));
        }
    }

    private async Task PutAsync(NostrEvent[] events)
    {
        Task<IReadOnlyList<PutResult>> putting = _store.PutAsync(events).AsTask();
        await DriveAsync(putting);
        OracleStore expected = _oracle.Copy();
        long before = expected.Events.Count;
        foreach ((NostrEvent one, PutResult result) in events.Zip(await putting))
        {
            PutOutcome outcome = expected.Put(new OracleEvent(one));
            Assert.True(outcome == result.Outcome, $"seed {_seed}: {one.ToJson()} was {result.Outcome}, not {outcome}");
            before += outcome == PutOutcome.Stored ? 1 : 0;
        }

        Replaced += before - expected.Events.Count;
    }

    private async Task CompactAsync()
    {
        Task<CompactionReport> compacting = _store.Engine.CompactAsync(
            new CompactionOptions { MinDeadFraction = 0.05, MoveBytes = ByteSize.KiB(1) }).AsTask();
        await DriveAsync(compacting);
        Reclaimed += (await compacting).ReclaimedRecords;
    }

    private async Task CloseAsync()
    {
        await DriveAsync(_store.DisposeAsync().AsTask());
        await NextAsync(_world.AfterProcessDeath());
    }

    private Task KillAsync() => NextAsync(_world.AfterProcessDeath());

    private async Task AfterPowerCutAsync()
    {
        PowerCuts++;
        _world.Disk.CutPower();
        await NextAsync(_world.AfterPowerCut(
            Seeds.Derive(_seed, (uint)++_worlds), s_models[_random.Next(s_models.Length)]));
    }

    /// <summary>The next process; the last one is left as a dead one is, with a disk that is off.</summary>
    private async Task NextAsync(SimWorld next)
    {
        (SimWorld last, EventStore dead) = (_world, _store);
        _world = next;
        last.Disk.CutPower();
        try
        {
            await DriveAsync(dead.DisposeAsync().AsTask(), last);
        }
        catch (Exception e) when (e is SimulatedPowerCutException or StorageException)
        {
            // Nobody is left to hear it.
        }

        last.Dispose();
        await OpenAsync();
    }

    private async Task OpenAsync()
    {
        StoreComposition stack = s_stack.Compose(_world, _world.Clock, ByteSize.MiB(1)) with
        {
            Background = _world.Background,
            Seed = _world.Seed,
            NewStoreId = () => _world.StoreId,
            Options = new EngineOptions { SyncMode = SyncMode.Always, CheckpointInterval = TimeSpan.FromHours(10), RebuildScans = 2 },
        };
        Task<EventStore> opening = EventStore.OpenAsync(stack, new EventStoreOptions()).AsTask();
        await DriveAsync(opening);
        _store = await opening;
    }

    private void RemoveExpired(OracleStore oracle)
    {
        OracleEvent[] expired = [.. oracle.Events.Where(e => e.IsExpired(oracle.Now))];
        foreach (OracleEvent one in expired)
        {
            oracle.Remove(one);
        }

        Expired += expired.Length;
    }

    private void Check(OracleStore oracle, string context)
    {
        string difference = Find(oracle);
        Assert.True(difference.Length == 0, $"{context}: {difference}");
    }

    /// <returns>What the store has otherwise than the oracle; empty when they agree.</returns>
    private string Find(OracleStore oracle)
    {
        var expected = oracle.Events.Where(e => !e.IsExpired(oracle.Now)).ToDictionary(static e => e.Id);
        List<NostrEvent> found = _store.Query([Filter.Everything]).ToList();
        string[] missing = [.. expected.Keys.Except(found.Select(static e => e.Id))];
        string[] extra = [.. found.Select(static e => e.Id).Where(id => !expected.ContainsKey(id))];
        long live = _store.GetStatistics().Records.LiveRecords;
        bool isFaithful = found.TrueForAll(
            e => !expected.TryGetValue(e.Id, out OracleEvent? one) || one.Event.Record.Span.SequenceEqual(e.Record.Span));
        return missing.Length + extra.Length == 0 && found.Count == expected.Count && live == oracle.Events.Count && isFaithful
            ? ""
            : $"missing {missing.Length}, extra {extra.Length}, found {found.Count} of {expected.Count}, "
                + $"{live} records of {oracle.Events.Count}, bytes {(isFaithful ? "right" : "wrong")}";
    }

    private NostrEvent Next()
    {
        if (_given.Count > 0 && _random.Next(12) == 0)
        {
            return _given[_random.Next(_given.Count)];
        }

        byte[] author = _authors[_random.Next(_authors.Length)];
        long at = Now - _random.Next(30);
        NostrEvent made;
        if (_random.Next(8) == 0 && _given.Count > 0)
        {
            NostrEvent target = _given[_random.Next(_given.Count)];
            string[] tag = target.Kind == 30023
                ? ["a", $"30023:{target.PubKey}:{new OracleEvent(target).FirstValue("d")}"]
                : ["e", target.Id];
            made = NostrEvent.CreateUnsigned(Convert.FromHexString(target.PubKey), at, 5, "", tag);
        }
        else
        {
            int kind = s_kinds[_random.Next(s_kinds.Length)];
            var tags = new List<string[]>();
            if (kind == 30023)
            {
                tags.Add(["d", $"{_random.Next(3)}"]);
            }

            if (_random.Next(5) == 0)
            {
                tags.Add(["expiration", (Now + _random.Next(1, 60)).ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            }

            made = NostrEvent.CreateUnsigned(author, at, kind, $"{_given.Count} {new string('x', _random.Next(600))}", [.. tags]);
        }

        _given.Add(made);
        return made;
    }

    private byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
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

        await task;
    }
}
