using Mortise.Conformance;
using Mortise.Engine;
using Mortise.Indexing;

namespace Mortise.Nostr.Tests;

/// <summary>What an index family cannot take is in the log and in the records by then, and would fail each opening: the
/// store says which family it was and how it opens without it, and, where the stack allows that, does so.</summary>
public sealed class FailingFamilyTests
{
    private const string Failing = EventProjections.Tag;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_store_whose_family_fails_opens_without_it_and_has_it_again_when_it_does_not_fail(bool isRebuilt)
    {
        using var life = await Life.BeginAsync(FaultPolicy.Stop);
        life.Projection.Fails = true;
        StorageException fault = await Assert.ThrowsAsync<StorageException>(() => life.OpenAsync(FaultPolicy.Stop, isRebuilt));
        Assert.Equal(StorageErrorCode.PluginFault, fault.Code);
        Assert.Contains($"index family {Failing} failed", fault.Message, StringComparison.Ordinal);
        Assert.Contains("onFault: ignore", fault.Message, StringComparison.Ordinal);

        await using (EventStore without = await life.OpenAsync(null))
        {
            life.Agrees(without);
            await life.PutAsync(without);
            life.Agrees(without);
        }

        life.Projection.Fails = false;
        await using EventStore again = await life.OpenAsync(FaultPolicy.Stop);
        Assert.Contains(again.GetStatistics().Families, static f => f.Name == Failing);
        life.Agrees(again);
    }

    [Theory]
    [InlineData(FaultPolicy.Ignore, false)]
    [InlineData(FaultPolicy.Ignore, true)]
    [InlineData(FaultPolicy.Restart, false)]
    [InlineData(FaultPolicy.Restart, true)]
    public async Task Where_the_stack_allows_it_the_store_goes_on_without_however_often_it_is_opened(
        FaultPolicy policy, bool isRebuilt)
    {
        using var life = await Life.BeginAsync(policy);
        life.Projection.Fails = true;
        for (int opening = 0; opening < 3; opening++)
        {
            EventStore store = await life.OpenAsync(policy, isRebuilt);
            EngineStatistics statistics = store.GetStatistics();
            Assert.DoesNotContain(statistics.Families, static f => f.Name == Failing);
            Assert.Contains(statistics.Unhealthy, static u => u.Instance == $"indexes/{Failing}");
            life.Agrees(store);
            await life.PutAsync(store);
            life.Agrees(store);
            if (opening == 1)
            {
                await store.DisposeAsync();
            }

            life.Kill();
        }

        life.Projection.Fails = false;
        await using EventStore again = await life.OpenAsync(policy);
        Assert.Empty(again.GetStatistics().Unhealthy);
        Assert.Contains(again.GetStatistics().Families, static f => f.Name == Failing);
        life.Agrees(again);
    }

    [Theory]
    [InlineData(FaultPolicy.Stop)]
    [InlineData(FaultPolicy.Ignore)]
    public async Task An_examination_says_which_family_it_was(FaultPolicy policy)
    {
        using var life = await Life.BeginAsync(policy);
        Assert.Null((await life.ExamineAsync(policy)).OpenFailure);
        life.Projection.Fails = true;
        ExaminationReport report = await life.ExamineAsync(policy);
        Assert.Contains($"index family {Failing} failed", report.OpenFailure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_ids_cannot_be_done_without()
    {
        using var life = await Life.BeginAsync(FaultPolicy.Stop);
        StorageException refused = await Assert.ThrowsAsync<StorageException>(
            () => life.OpenAsync(FaultPolicy.Stop, ids: FaultPolicy.Ignore));
        Assert.Equal(StorageErrorCode.InvalidConfiguration, refused.Code);
    }

    /// <summary>A store that is opened again and again, with a family that fails or not, and what is in it.</summary>
    private sealed class Life : IDisposable
    {
        private readonly Random _random = new(TestSeed.Or(3_131));
        private readonly SkewedEvents _source;
        private readonly List<OracleEvent> _stored = [];
        private SimWorld _world = new(7, new SimDiskOptions { KeepLog = false });

        private Life() => _source = new SkewedEvents(_random, authors: 20);

        public FailingProjection Projection { get; } = new(EventProjections.All[Failing]);

        /// <summary>With a checkpoint, commits behind it, and a process that died.</summary>
        public static async Task<Life> BeginAsync(FaultPolicy policy)
        {
            var life = new Life();
            EventStore store = await life.OpenAsync(policy);
            await life.PutAsync(store);
            await store.CheckpointAsync();
            await life.PutAsync(store);
            life.Kill();
            return life;
        }

        /// <param name="policy">Of the family that may fail; null to leave it out.</param>
        /// <param name="isRebuilt">Whether it is filled from the records instead of the log.</param>
        /// <param name="ids">Of the family of ids.</param>
        public async Task<EventStore> OpenAsync(
            FaultPolicy? policy, bool isRebuilt = false, FaultPolicy ids = FaultPolicy.Stop) =>
            await EventStore.OpenAsync(Compose(policy, isRebuilt, ids), new EventStoreOptions
            {
                Policy = TestStore.KeepEverything,
                Projections = new Dictionary<string, IKeyProjection> { [Failing] = Projection },
            });

        public async Task<ExaminationReport> ExamineAsync(FaultPolicy policy) => await StoreExamination.RunAsync(
            Compose(policy, isRebuilt: false, FaultPolicy.Stop),
            new Dictionary<string, IKeyProjection>(EventProjections.All) { [Failing] = Projection });

        private StoreComposition Compose(FaultPolicy? policy, bool isRebuilt, FaultPolicy ids)
        {
            StoreComposition stack = TestStack.Full.Compose(_world, _world.Clock, ByteSize.MiB(16));
            return stack with
            {
                Families =
                [
                    .. stack.Families.Where(f => f.Name != Failing || policy is not null).Select(f => new FamilyPart
                    {
                        Name = f.Name,
                        Projection = f.Projection,
                        Structure = f.Structure,
                        Partitions = f.Partitions,
                        OnFault = f.Name == Failing ? policy!.Value
                            : f.Name == EventProjections.Id ? ids
                            : FaultPolicy.Stop,
                    }),
                ],
                RebuildFamilies = isRebuilt ? [Failing] : [],
            };
        }

        public async Task PutAsync(EventStore store)
        {
            List<NostrEvent> events = _source.Make(60, 1_700_000_000, 1_000);
            Assert.All(await store.PutAsync(events), static r => Assert.Equal(PutOutcome.Stored, r.Outcome));
            _stored.AddRange(events.Select(static e => new OracleEvent(e)));
        }

        public void Agrees(EventStore store)
        {
            var source = new FilterSource(_random, _stored);
            for (int i = 0; i < 40; i++)
            {
                OracleFilter[] request = source.NextRequest();
                Assert.Equal(
                    OracleFilter.Answer(request, _stored),
                    store.Query(Array.ConvertAll(request, static f => f.ToFilter())).Select(static e => e.Id));
            }
        }

        public void Kill()
        {
            SimWorld dead = _world;
            _world = dead.AfterProcessDeath();
        }

        public void Dispose() => _world.Dispose();
    }

    private sealed class FailingProjection(IKeyProjection inner) : IKeyProjection
    {
        public bool Fails { get; set; }

        public string Name => inner.Name;

        public int FormatVersion => inner.FormatVersion;

        public LocationPlacement Placement => inner.Placement;

        public int MaxKeyBytes => inner.MaxKeyBytes;

        public void Project(ReadOnlySpan<byte> record, IKeySink sink)
        {
            if (Fails)
            {
                throw new FormatException("this record cannot be projected");
            }

            inner.Project(record, sink);
        }
    }
}
