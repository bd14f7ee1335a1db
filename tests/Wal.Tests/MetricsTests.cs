using System.Diagnostics.Metrics;
using Mortise.Components;
using Mortise.Conformance;
using Mortise.Logging;
using Mortise.TestSupport;

namespace Mortise.Wal.Tests;

public class MetricsTests
{
    [Fact]
    public void Appends_syncs_and_faults_are_measured()
    {
        using SimWorld world = Logs.World(61);
        ComponentContext context = world.Context(Logs.Instance);
        var values = new Dictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (ReferenceEquals(instrument.Meter, context.Meter))
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((i, value, _, _) => values[i.Name] = value);
        listener.SetMeasurementEventCallback<int>((i, value, _, _) => values[i.Name] = value);
        listener.SetMeasurementEventCallback<double>((i, value, _, _) => values[i.Name] = value);
        listener.Start();

        IWriteAheadLog log = Logs.Open(context);
        for (int i = 0; i < 7; i++)
        {
            log.Append(new byte[10]);
        }

        log.Sync();
        Assert.Equal(7, values["mortise.wal.sync.records"]);
        Assert.True(values.ContainsKey("mortise.wal.sync.duration"));
        listener.RecordObservableInstruments();
        Assert.Equal(7, values["mortise.wal.appends"]);
        Assert.Equal(70, values["mortise.wal.bytes"]);
        Assert.Equal(1, values["mortise.wal.syncs"]);
        Assert.Equal(1, values["mortise.wal.segments"]);
        Assert.Equal(log.Statistics.DiskBytes, values["mortise.wal.disk"]);
        Assert.Equal(0, values["mortise.wal.faulted"]);

        log.Append([1]);
        world.Disk.Plant(SimOperationKind.Sync, "*", 1, SimFaultEffect.SyncFailed);
        Assert.Throws<StorageException>(() => log.Sync());
        listener.RecordObservableInstruments();
        Assert.Equal(1, values["mortise.wal.faulted"]);
        Assert.Equal(7, values["mortise.wal.sync.records"]);
        log.Close();
    }
    [Fact]
    public void Every_metric_may_be_read_as_soon_as_it_is_published()
    {
        using SimWorld world = Logs.World(62);
        ComponentContext context = world.Context(Logs.Instance);
        using var metrics = new ReadAtOnce(meter => ReferenceEquals(meter, context.Meter));
        Logs.Open(context).Close();
        Assert.Contains("mortise.wal.disk", metrics.Read);
        Assert.Contains("mortise.wal.faulted", metrics.Read);
    }
}
