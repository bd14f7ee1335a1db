using System.Buffers.Binary;
using Mortise.Components;
using Mortise.Conformance;
using Mortise.Engine.Tests.Observation;
using Mortise.Engine.Tests.Simulation;
using Mortise.Indexing;
using Mortise.Simulation;

namespace Mortise.Engine.Tests.Commit;

/// <summary>A record may have a hundred times its own size of keys. What a commit changes in a family has to fit into
/// memory, and what does not must not come into the log: it would fail each opening from then on.</summary>
public sealed class IndexLimitTests
{
    private const int Keys = 100;
    private const int MostRecords = 11;

    /// <summary>For each key its 16 bytes, a location, and the record, which is small enough to stand beside it.</summary>
    private static readonly long s_most = MostRecords * Keys * (16 + 8 + Record(1).Length);

    [Fact]
    public async Task A_commit_with_more_keys_than_fit_is_refused_before_it_is_logged_and_the_store_goes_on()
    {
        using var world = new SimWorld(1, eagerBackground: true);
        StoreEngine engine = await OpenAsync(world);
        await ObservedStore.Finish(world, WriteAsync(engine, 1, MostRecords));
        for (int more = 1; more < 3; more++)
        {
            StorageException refused = await Assert.ThrowsAsync<StorageException>(
                () => ObservedStore.Finish(world, WriteAsync(engine, 100, MostRecords + more)));
            Assert.Equal(StorageErrorCode.LimitExceeded, refused.Code);
            Assert.Contains("group", refused.Message, StringComparison.Ordinal);
        }

        // A commit that deletes as much is one that changes as much, but for the records beside the keys.
        await ObservedStore.Finish(
            world, engine.WriteAsync(new SimWrite([], [.. Ids(1, MostRecords)])).AsTask());
        await ObservedStore.Finish(world, WriteAsync(engine, 1, MostRecords));
        await ObservedStore.Finish(world, WriteAsync(engine, 200, 1));
        long[] expected = [.. Ids(1, MostRecords), 200];
        Assert.Equal(expected, engine.Ids());
        using SimWorld next = world.AfterProcessDeath();
        Assert.Equal(expected, (await OpenAsync(next)).Ids());
    }

    [Fact]
    public async Task Commits_of_one_group_or_of_one_stretch_of_the_log_are_applied_before_they_are_too_much_together()
    {
        using var world = new SimWorld(2, eagerBackground: true);
        long largest = 0;
        StoreEngine engine = await OpenAsync(world, bytes => largest = Math.Max(largest, bytes));

        // What is queued while the first one is decided becomes one group.
        List<Task> waiting = [];
        await ObservedStore.Finish(world, engine.WriteAsync(new SimWrite([Record(1)], [])
        {
            WhileDeciding = () =>
            {
                for (int i = 0; i < 30; i++)
                {
                    waiting.Add(WriteAsync(engine, 100 * (i + 1), MostRecords));
                }
            },
        }).AsTask());
        await ObservedStore.Finish(world, Task.WhenAll(waiting));
        long[] expected = [1, .. Enumerable.Range(1, 30).SelectMany(static i => Ids(100 * i, MostRecords))];
        Assert.Equal(expected, engine.Ids());
        Assert.InRange(largest, s_most / 2, s_most + (s_most / 4));

        largest = 0;
        using SimWorld next = world.AfterProcessDeath();
        Assert.Equal(expected, (await OpenAsync(next, bytes => largest = Math.Max(largest, bytes))).Ids());
        Assert.True(largest > s_most / 2);
    }

    private static Task WriteAsync(StoreEngine engine, long first, int count) =>
        engine.WriteAsync(new SimWrite([.. Ids(first, count).Select(Record)], [])).AsTask();

    private static IEnumerable<long> Ids(long first, int count) => Enumerable.Range((int)first, count).Select(static i => (long)i);

    private static byte[] Record(long id) => SimRecord.Make(id, id % 3, 1_700_000_000 + id, 60, (byte)id);

    private static Task<StoreEngine> OpenAsync(SimWorld world, Action<long>? onBatch = null)
    {
        StoreComposition stack = SimStacks.Compose(world, SyncMode.Always, SimStacks.BTree);
        FamilyPart many = stack.Families[1];
        return ObservedStore.Finish(world, StoreEngine.OpenAsync(
            stack with
            {
                Families =
                [
                    stack.Families[0],
                    new FamilyPart
                    {
                        Name = many.Name,
                        Projection = many.Projection,
                        Structure = new ComponentPart<IIndexFamily>
                        {
                            Identity = many.Structure.Identity,
                            Open = async (context, cancellation) =>
                                new Watched(await many.Structure.Open(context, cancellation), onBatch),
                        },
                        Partitions = many.Partitions,
                        InlineBelowBytes = 200,
                    },
                ],
                Options = new EngineOptions
                {
                    SyncMode = SyncMode.Always,
                    CheckpointInterval = TimeSpan.FromHours(10),
                    ParallelSync = false,
                    MaxIndexBytes = s_most,
                },
            },
            new Dictionary<string, IKeyProjection>(SimProjections.All) { [SimProjections.Group] = new ManyKeys() },
            new SimPlanner()).AsTask());
    }

    /// <summary>Many keys for each record.</summary>
    private sealed class ManyKeys : IKeyProjection
    {
        public string Name => SimProjections.Group;

        public int FormatVersion => 1;

        public LocationPlacement Placement => LocationPlacement.InKey;

        public int MaxKeyBytes => 2 * sizeof(long);

        public void Project(ReadOnlySpan<byte> record, IKeySink sink)
        {
            Span<byte> key = stackalloc byte[2 * sizeof(long)];
            for (int i = 0; i < Keys; i++)
            {
                BinaryPrimitives.WriteInt64BigEndian(key, i);
                BinaryPrimitives.WriteInt64BigEndian(key[sizeof(long)..], SimRecord.Id(record));
                sink.Emit(SimRecord.Ordinal(record), key);
            }
        }
    }

    /// <summary>Tells how large batches are.</summary>
    private sealed class Watched(IIndexFamily inner, Action<long>? onBatch) : IIndexFamily
    {
        public IndexTraits Traits => inner.Traits;

        public Lsn AppliedLsn => inner.AppliedLsn;

        public Lsn DurableLsn => inner.DurableLsn;

        public IndexStatistics Statistics => inner.Statistics;

        public ComponentIdentity Identity => inner.Identity;

        public void Apply(in IndexBatch batch)
        {
            onBatch?.Invoke(batch.Arena.Length);
            inner.Apply(batch);
        }

        public IIndexSnapshot OpenSnapshot() => inner.OpenSnapshot();

        public ValueTask CheckpointAsync(CancellationToken cancellation = default) => inner.CheckpointAsync(cancellation);

        public ValueTask ResetAsync(CancellationToken cancellation = default) => inner.ResetAsync(cancellation);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
