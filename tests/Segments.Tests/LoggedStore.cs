using Mortise.Conformance;
using Mortise.Records;

namespace Mortise.Segments.Tests;

/// <summary>A store with the log that an engine would keep for it, and the model that the log gives.</summary>
internal sealed class LoggedStore : IAsyncDisposable
{
    public const string Instance = "records";

    private LoggedStore(SimWorld world, SegmentsOptions options, List<LoggedBatch> log, Reclaims reclaims)
    {
        World = world;
        Options = options;
        Log = log;
        Reclaims = reclaims;
    }

    public static SegmentsOptions SmallOptions => new()
    {
        SegmentSize = ByteSize.KiB(16),
        WriteBuffer = ByteSize.KiB(4),
        MaxRecord = ByteSize.KiB(40),
        RewriteTombstonesAbove = 3,
    };

    public SimWorld World { get; }

    public SegmentsOptions Options { get; }

    public List<LoggedBatch> Log { get; }

    /// <summary>Segments that were, or may have been, reclaimed.</summary>
    public Reclaims Reclaims { get; }

    public RecordModel Model { get; } = new();

    public IRecordStore Store { get; private set; } = null!;

    /// <summary>What the files held before the log was replayed.</summary>
    public Lsn DurableAtOpen { get; private set; }

    /// <summary>What is left of a store whose opening was cut short.</summary>
    public static LoggedStore NeverOpened(
        SimWorld world, SegmentsOptions options, List<LoggedBatch> log, Reclaims reclaims) =>
        new(world, options, log, reclaims);

    public static Task<LoggedStore> OpenAsync(ulong seed = 1, SegmentsOptions? options = null, bool canMap = true) =>
        OpenAsync(new SimWorld(seed, new SimDiskOptions { CanMap = canMap, KeepLog = false }), options, [], new());

    /// <summary>Opens what a world holds, checks that it is the state at its durable LSN, and replays the log.</summary>
    public static async Task<LoggedStore> OpenAsync(SimWorld world, SegmentsOptions? options, List<LoggedBatch> log, Reclaims reclaims)
    {
        var opened = new LoggedStore(world, options ?? SmallOptions, log, reclaims);
        opened.Store = await SegmentRecordStore.OpenAsync(world.Context(Instance), opened.Options, default);
        Assert.Equal(opened.Store.DurableLsn, opened.Store.AppliedLsn);
        opened.DurableAtOpen = opened.Store.DurableLsn;
        foreach (LoggedBatch batch in log)
        {
            if (batch.Lsn > opened.Store.DurableLsn)
            {
                break;
            }

            opened.Model.Apply(batch);
        }

        opened.SettleReclaims();
        opened.Check();
        foreach (LoggedBatch batch in log)
        {
            batch.ApplyTo(opened.Store);
            if (batch.Lsn > opened.Model.Lsn)
            {
                opened.Model.Apply(batch);
            }
        }

        Assert.Equal(opened.Model.Lsn, opened.Store.AppliedLsn);
        return opened;
    }

    public Task<LoggedStore> AfterPowerCutAsync(ulong seed, CrashModel model, SegmentsOptions? options = null) =>
        OpenAsync(World.AfterPowerCut(seed, model), options ?? Options, Log, Reclaims);

    public Task<LoggedStore> AfterProcessDeathAsync(SegmentsOptions? options = null) =>
        OpenAsync(World.AfterProcessDeath(), options ?? Options, Log, Reclaims);

    public async Task<LoggedStore> ReopenAsync(SegmentsOptions? options = null)
    {
        await Store.DisposeAsync();
        return await OpenAsync(World, options ?? Options, Log, Reclaims);
    }

    public RecordLocation Put(byte[] body) => Commit([body], [])[0];

    public RecordLocation[] Commit(byte[][] puts, RecordLocation[] deletes)
    {
        LoggedBatch batch = Prepare(puts, deletes);
        Log.Add(batch);
        Model.Apply(batch);
        batch.ApplyTo(Store);
        return [.. batch.Mutations.Where(m => m.Operation == RecordOperation.Put).Select(m => m.Location)];
    }

    /// <summary>Moves the live records of a segment away, checkpoints, and reclaims it, as an engine does.</summary>
    public async Task ReclaimAsync(uint segment)
    {
        RecordLocation[] live = Model.Live(segment);
        Commit([.. live.Select(Model.Body)], live);
        await Store.CheckpointAsync();
        Assert.True(Store.TryGet(out IReclaimable? reclaimable));
        Reclaims.Attempted.Add(segment);
        await reclaimable.ReclaimAsync((int)segment);
        Reclaims.Completed.Add(segment);
        Model.Reclaim(segment);
    }

    /// <summary>Plans a commit without logging or applying it.</summary>
    public LoggedBatch Prepare(byte[][] puts, RecordLocation[] deletes)
    {
        var locations = new RecordLocation[puts.Length];
        Store.Plan(Array.ConvertAll(puts, body => body.Length), locations);
        List<RecordMutation> mutations = [];
        List<byte> arena = [];
        for (int i = 0; i < puts.Length; i++)
        {
            mutations.Add(new RecordMutation(RecordOperation.Put, locations[i], arena.Count, puts[i].Length));
            arena.AddRange(puts[i]);
        }

        foreach (RecordLocation location in deletes)
        {
            mutations.Add(new RecordMutation(RecordOperation.Delete, location, 0, 0));
        }

        return new LoggedBatch(Model.Lsn.Next, [.. arena], [.. mutations]);
    }

    /// <summary>Everything the store says, against the model.</summary>
    public void Check(string context = "")
    {
        var forward = new Collector(int.MaxValue);
        Store.Scan(ScanDirection.Forward, ref forward);
        var live = Model.Records.Where(record => !record.Value.IsDeleted).ToList();
        Assert.True(live.Count == forward.Seen.Count, $"{live.Count} live, scanned {forward.Seen.Count} {context}");
        for (int i = 0; i < live.Count; i++)
        {
            Assert.Equal(live[i].Key, forward.Seen[i].Location.Value);
            Assert.True(live[i].Value.Body.AsSpan().SequenceEqual(forward.Seen[i].Body), context);
            Assert.Equal(new RecordInfo(live[i].Value.Lsn, false), forward.Seen[i].Info);
        }

        var backward = new Collector(int.MaxValue);
        Store.Scan(ScanDirection.Backward, ref backward);
        Assert.Equal(
            forward.Seen.Select(seen => seen.Location).Reverse(), backward.Seen.Select(seen => seen.Location));

        var all = Model.Records.ToList();
        foreach ((ulong at, (byte[] body, Lsn lsn, bool isDeleted)) in all)
        {
            using RecordLease lease = Store.Read(new RecordLocation(at));
            Assert.True(lease.Bytes.SequenceEqual(body), context);
            Assert.Equal(new RecordInfo(lsn, isDeleted), lease.Info);
        }

        var many = new Collector(int.MaxValue);
        Store.ReadMany([.. all.Select(record => new RecordLocation(record.Key))], ref many);
        Assert.True(all.Select(record => record.Value.Body).SequenceEqual(
            many.Seen.Select(seen => seen.Body), ByteArrayComparer.Instance), context);

        CheckStatistics();
    }

    private void CheckStatistics()
    {
        RecordStoreStatistics statistics = Store.Statistics;
        Assert.Equal(
            Model.Totals(),
            new RecordTotals(
                statistics.LiveRecords, statistics.LiveBytes, statistics.DeadRecords, statistics.DeadBytes));
        Assert.True(Store.TryGet(out IReclaimable? reclaimable));
        RecordTotals perSegment = default;
        foreach (SegmentUsage usage in reclaimable.GetUsage())
        {
            perSegment += new RecordTotals(usage.LiveRecords, usage.LiveBytes, usage.DeadRecords, usage.DeadBytes);
            var sink = new Collector(int.MaxValue);
            reclaimable.ScanSegment(usage.Segment, ref sink);
            Assert.Equal(Model.Live((uint)usage.Segment), sink.Seen.Select(seen => seen.Location));
        }

        Assert.Equal(Model.Totals(), perSegment);
    }

    private void SettleReclaims()
    {
        Assert.True(Store.TryGet(out IReclaimable? reclaimable));
        HashSet<uint> there = [.. reclaimable.GetUsage().Select(usage => (uint)usage.Segment)];
        foreach (uint segment in Model.Segments())
        {
            if (!there.Contains(segment))
            {
                Assert.Contains(segment, Reclaims.Attempted);
                Assert.True(Model.IsDead(segment));
                Model.Reclaim(segment);
            }
            else
            {
                Assert.DoesNotContain(segment, Reclaims.Completed);
            }
        }
    }

    public ValueTask DisposeAsync() => Store.DisposeAsync();

    private sealed class ByteArrayComparer : IEqualityComparer<byte[]>
    {
        public static ByteArrayComparer Instance { get; } = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => obj.Length;
    }
}
