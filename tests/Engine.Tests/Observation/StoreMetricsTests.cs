using System.Diagnostics.Metrics;
using Mortise.Conformance;
using Mortise.TestSupport;

namespace Mortise.Engine.Tests.Observation;

public sealed class StoreMetricsTests
{
    [Fact]
    public async Task Commits_checkpoints_and_families_are_measured()
    {
        using var world = new SimWorld(1, eagerBackground: true);
        var id = new Guid("0b5e7ed0-0000-4000-8000-000000000001");
        using var meters = new Collected(id);
        StoreEngine engine = await ObservedStore.OpenAsync(world, c => c with { NewStoreId = () => id });
        for (int put = 0; put < 50; put++)
        {
            await engine.PutAsync(put);
        }

        meters.Observe();
        Assert.True(meters["mortise.family.memory{family=group}"] > 0);
        await ObservedStore.Finish(world, engine.CheckpointAsync().AsTask());
        meters.Observe();
        Assert.Equal(50, meters["mortise.commits"]);
        Assert.Equal(50, meters.Count("mortise.commit.duration"));
        Assert.Equal(50, meters.Count("mortise.commit.group_size"));
        Assert.True(meters["mortise.commit.bytes"] > 50 * 100);
        Assert.Equal(1, meters["mortise.checkpoints"]);
        Assert.Equal(1, meters.Count("mortise.checkpoint.duration"));
        Assert.Equal(50, meters["mortise.lsn"]);
        Assert.Equal(50, meters["mortise.durable_lsn"]);
        Assert.Equal(0, meters["mortise.faulted"]);
        Assert.Equal(50, meters["mortise.family.entries{family=id}"]);

        world.Disk.Plant(SimOperationKind.Sync, "wal/*", 1, SimFaultEffect.SyncFailed);
        await Assert.ThrowsAsync<StorageException>(() => engine.PutAsync(51));
        meters.Observe();
        Assert.Equal(1, meters["mortise.faulted"]);
        Assert.Equal(1, meters["mortise.commits.failed"]);

        // A closed store has no metrics, and observing it does no harm.
        await ObservedStore.Finish(world, engine.DisposeAsync().AsTask());
        meters.Forget();
        meters.Observe();
        Assert.False(meters.Has("mortise.lsn"));
    }

    [Fact]
    public async Task The_documentation_lists_exactly_the_metrics_that_there_are()
    {
        string table = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "metrics.md"));
        string[] documented =
        [
            .. table.Split('\n').Where(static l => l.StartsWith("| `mortise.", StringComparison.Ordinal))
                .Select(static l => l.Split('`')[1])

                // Of components that a stack decorates: the engine has none of its own.
                .Where(static name => !name.StartsWith("mortise.component.", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];
        var id = new Guid("0b5e7ed0-0000-4000-8000-000000000002");
        var published = new SortedSet<string>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Tags?.Any(t => t.Key == "store" && id.Equals(t.Value)) == true)
                {
                    published.Add(instrument.Name);
                }
            },
        };
        listener.Start();
        using var world = new SimWorld(2, eagerBackground: true);
        StoreEngine engine = await ObservedStore.OpenAsync(world, c => c with { NewStoreId = () => id });
        await ObservedStore.Finish(world, engine.DisposeAsync().AsTask());
        Assert.Equal(documented, published);
    }

    [Fact]
    public async Task Every_metric_may_be_read_as_soon_as_it_is_published()
    {
        var id = new Guid("0b5e7ed0-0000-4000-8000-000000000003");
        using var metrics = new ReadAtOnce(
            meter => meter.Tags?.Any(t => t.Key == "store" && id.Equals(t.Value)) == true);
        using var world = new SimWorld(3, eagerBackground: true);
        StoreEngine engine = await ObservedStore.OpenAsync(world, c => c with { NewStoreId = () => id });
        await ObservedStore.Finish(world, engine.DisposeAsync().AsTask());
        Assert.Contains("mortise.faulted", metrics.Read);
        Assert.Contains("mortise.partitions.openings", metrics.Read);
    }

    private sealed class Collected : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly Dictionary<string, double> _values = [];
        private readonly Dictionary<string, long> _counts = [];

        public Collected(Guid store)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                // Tests of other classes run beside this one, with stores of their own.
                if (instrument.Meter.Name == "Mortise"
                    && instrument.Meter.Tags!.Any(t => t.Key == "store" && store.Equals(t.Value)))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((i, value, tags, _) => Take(i, value, tags));
            _listener.SetMeasurementEventCallback<int>((i, value, tags, _) => Take(i, value, tags));
            _listener.SetMeasurementEventCallback<double>((i, value, tags, _) => Take(i, value, tags));
            _listener.Start();
        }

        public double this[string name] => _values[name];

        public long Count(string name) => _counts[name];

        public bool Has(string name) => _values.ContainsKey(name);

        public void Observe() => _listener.RecordObservableInstruments();

        public void Forget() => _values.Clear();

        public void Dispose() => _listener.Dispose();

        private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string name = tags.IsEmpty ? instrument.Name : $"{instrument.Name}{{{tags[0].Key}={tags[0].Value}}}";
            _values[name] = instrument.IsObservable ? value : _values.GetValueOrDefault(name) + value;
            _counts[name] = _counts.GetValueOrDefault(name) + 1;
        }
    }
}
