using Mortise.Conformance;
using Mortise.Records;

namespace Mortise.Segments.Tests;

/// <summary>A store with the log that an engine would keep for it, and the model that the log gives.</summary>
internal sealed class LoggedStore : IAsyncDisposable
{
    public const string Instance = "records";

    private LoggedStore(SimWorld world, SegmentsOptions options, List<LoggedBatch> log)
    {
        World = world;
        Options = options;
        Log = log;
    }

    public static SegmentsOptions SmallOptions => new()
    {
        SegmentSize = ByteSize.KiB(16),
        WriteBuffer = ByteSize.KiB(4),
        MaxRecord = ByteSize.KiB(40),
    };

    public SimWorld World { get; }

    public SegmentsOptions Options { get; }

    public List<LoggedBatch> Log { get; }

    public RecordModel Model { get; } = new();

    public IRecordStore Store { get; private set; } = null!;

    public static Task<LoggedStore> OpenAsync(ulong seed = 1, SegmentsOptions? options = null, bool canMap = true) =>
        OpenAsync(new SimWorld(seed, new SimDiskOptions { CanMap = canMap, KeepLog = false }), options, []);

    /// <summary>Opens what a world holds, checks that it is the state at its durable LSN, and replays the log.</summary>
    public static async Task<LoggedStore> OpenAsync(SimWorld world, SegmentsOptions? options, List<LoggedBatch> log)
    {
        var opened = new LoggedStore(world, options ?? SmallOptions, log);
        opened.Store = await SegmentRecordStore.OpenAsync(world.Context(Instance), opened.Options, default);
        Assert.Equal(opened.Store.DurableLsn, opened.Store.AppliedLsn);
        foreach (LoggedBatch batch in log)
        {
            if (batch.Lsn > opened.Store.DurableLsn)
            {
                break;
            }

            opened.Model.Apply(batch);
        }

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
        OpenAsync(World.AfterPowerCut(seed, model), options ?? Options, Log);

    public Task<LoggedStore> AfterProcessDeathAsync(SegmentsOptions? options = null) =>
        OpenAsync(World.AfterProcessDeath(), options ?? Options, Log);

    public async Task<LoggedStore> ReopenAsync(SegmentsOptions? options = null)
    {
        await Store.DisposeAsync();
        return await OpenAsync(World, options ?? Options, Log);
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

        RecordStoreStatistics statistics = Store.Statistics;
        Assert.Equal(
            Model.Totals(),
            new RecordTotals(
                statistics.LiveRecords, statistics.LiveBytes, statistics.DeadRecords, statistics.DeadBytes));
    }

    public ValueTask DisposeAsync() => Store.DisposeAsync();

    private sealed class ByteArrayComparer : IEqualityComparer<byte[]>
    {
        public static ByteArrayComparer Instance { get; } = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => obj.Length;
    }
}
