using System.Buffers.Binary;
using System.Diagnostics.Metrics;
using Mortise.Components;
using Mortise.Engine;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Files;
using Mortise.Host.Running;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Records;

namespace Mortise.Host.Tests.Composition;

/// <summary>H22: <c>decorate</c> in a stack puts wrappers around components, in its order, around each instance for
/// itself.</summary>
public sealed class DecorateTests : IDisposable
{
    private const string Stack = """
        wal: { plugin: mortise.wal, version: ^1.0, decorate: [metrics, throttle], throttle: 1kB }
        records: { plugin: mortise.segments, version: ^1.0, decorate: [throttle, metrics], throttle: 1kB }
        partitions: { all: { plugin: mortise.partition.none, version: ^1.0 } }
        indexes:
          outside:
            projection: id
            partition: all
            plugin: mortise.btree
            version: ^1.0
            decorate: [metrics, checksum]
          inside:
            projection: id
            partition: all
            plugin: mortise.btree
            version: ^1.0
            decorate: [checksum, metrics, throttle]
            throttle: 1kB
          plain: { projection: id, partition: all, plugin: mortise.btree, version: ^1.0 }
        """;

    private static readonly byte[] s_key = [1, 2, 3];
    private static readonly byte[] s_value = [4, 5, 6, 7, 8];

    private readonly TemporaryFolder _folder = new();
    private readonly LeapingClock _clock = new();
    private readonly List<Meter> _meters = [];
    private readonly Dictionary<(string Meter, string Instrument, string Operation), double> _sums = [];
    private readonly MeterListener _listener = new();

    public DecorateTests()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (_meters.Contains(instrument.Meter))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _meters.ForEach(static m => m.Dispose());
        _folder.Dispose();
    }

    [Fact]
    public async Task The_order_in_the_stack_is_the_order_around_the_component()
    {
        foreach (string name in (string[])["outside", "inside"])
        {
            await using IIndexFamily index = await OpenAsync(name);
            Apply(index);
            await index.CheckpointAsync();
            using IIndexSnapshot snapshot = index.OpenSnapshot();
            byte[] value = new byte[s_value.Length];
            Assert.True(snapshot.TryGet(s_key, value, out int length));
            Assert.Equal(s_value, value.AsSpan(0, length));
        }

        // What counts outside the checksum does not see it; what counts inside does. Two instances, two meters.
        int plain = s_key.Length + s_value.Length;
        Assert.Equal(plain, _sums[("outside", "mortise.component.bytes", "apply")]);
        Assert.Equal(plain + sizeof(uint), _sums[("inside", "mortise.component.bytes", "apply")]);
        Assert.Equal(plain, _sums[("outside", "mortise.component.bytes", "get")]);
        Assert.Equal(plain + sizeof(uint), _sums[("inside", "mortise.component.bytes", "get")]);
        Assert.DoesNotContain(_sums.Keys, static k => k.Instrument == "mortise.component.errors");

        // 12 bytes at 1 kB a second are 12 ms, which the metrics outside of the throttle have waited for.
        Assert.InRange(_sums[("inside", "mortise.component.duration", "checkpoint")], 0.012, 0.013);
        Assert.Equal(0, _sums[("outside", "mortise.component.duration", "checkpoint")]);
    }

    [Fact]
    public async Task A_throttle_lets_writes_through_and_holds_what_makes_them_durable()
    {
        await using IWriteAheadLog log = await Compose().Log.Open(Context("wal"), default);
        Lsn lsn = log.Append(new byte[5000]);
        Assert.Equal(0, _clock.Leapt.TotalSeconds);
        await log.SyncAsync(lsn);
        Assert.InRange(_clock.Leapt.TotalSeconds, 5, 5.01);
        Assert.InRange(_sums[("wal", "mortise.component.duration", "sync")], 5, 5.01);

        await using IRecordStore records = await Compose().Records.Open(Context("records"), default);
        RecordLocation[] at = new RecordLocation[1];
        records.Plan([2000], at);
        records.Apply(new RecordBatch(
            new Lsn(1), new byte[2000], [new RecordMutation(RecordOperation.Put, at[0], 0, 2000)]));
        await records.CheckpointAsync();
        Assert.InRange(_clock.Leapt.TotalSeconds, 7, 7.02);
        Assert.Equal(0, _sums[("records", "mortise.component.duration", "checkpoint")]);
    }

    [Fact]
    public async Task Capabilities_are_found_through_the_wrappers()
    {
        await using IRecordStore records = await Compose().Records.Open(Context("records"), default);
        Assert.IsNotAssignableFrom<IReclaimable>(records);
        Assert.True(records.TryGet(out IReclaimable? reclaimable));
        Assert.Empty(reclaimable.GetUsage());
        Assert.False(records.TryGet(out ICloneable? _));
        await using IIndexFamily index = await OpenAsync("inside");
        Assert.True(index.TryGet(out IPackableIndex? packable));
        Apply(index);
        await packable.PackAsync();
        Assert.Equal(HealthStatus.Healthy, index.Health.Status);
    }

    [Fact]
    public async Task A_checksum_is_a_format_of_its_own_and_sees_a_changed_value()
    {
        StoreComposition composition = Compose();
        Assert.Equal("mortise-btree+crc32c", composition.Families[0].Structure.Identity.FormatName);
        Assert.Equal("mortise-btree", composition.Families[2].Structure.Identity.FormatName);
        await using (IIndexFamily plain = await OpenAsync("plain"))
        {
            // As a structure would leave it that has lost a bit: the right length, the wrong bytes.
            byte[] wrong = new byte[s_value.Length + sizeof(uint)];
            s_value.CopyTo(wrong, 0);
            BinaryPrimitives.WriteUInt32LittleEndian(wrong.AsSpan(s_value.Length), 12345);
            Apply(plain, wrong);
            await plain.CheckpointAsync();
        }

        await using IIndexFamily checking = await Compose().Families[0].Structure.Open(Context("plain"), default);
        using IIndexSnapshot snapshot = checking.OpenSnapshot();
        StorageException error = Assert.Throws<StorageException>(
            () => snapshot.TryGet(s_key, new byte[100], out _));
        Assert.Equal(StorageErrorCode.Corrupt, error.Code);
        Assert.Contains("010203", error.Message, StringComparison.Ordinal);
        using IIndexCursor cursor = snapshot.OpenCursor(KeyRange.All, ScanDirection.Forward);
        Assert.True(cursor.MoveNext());
        Assert.Throws<StorageException>(() => cursor.Value.Length);
    }

    [Fact]
    public void What_cannot_be_decorated_so_is_said_where_it_is_written()
    {
        string text = Stack
            .Replace("[metrics, throttle], throttle: 1kB", "[metrics, checksum]", StringComparison.Ordinal)
            .Replace("[throttle, metrics], throttle: 1kB", "[throttle]", StringComparison.Ordinal)
            .Replace("[metrics, checksum]\n  inside", "[]\n  inside", StringComparison.Ordinal)
            .Replace("[checksum, metrics, throttle]", "[metrics, metrics, watch]", StringComparison.Ordinal);
        StackException problems = Assert.Throws<StackException>(() => Resolve(text));
        Assert.Equal(
            [
                "stack.yaml:1:54: wal.decorate has checksum: a log checks its own records",
                "stack.yaml:2:63: records.decorate has throttle, which needs a rate: throttle: 10MiB is 10 MiB a second",
                "stack.yaml:16:34: indexes.inside.decorate[2] is 'watch', not one of metrics, checksum, throttle, "
                    + "check",
            ],
            problems.Problems.Where(static p => p.ToString().Contains("decorate", StringComparison.Ordinal))
                .Select(static p => p.ToString()));
    }

    [Fact]
    public void Only_a_checksum_makes_another_index_of_it()
    {
        string WithDecoration(string list) => Stack.Replace(
            "plain: { projection: id,", $"plain: {{ decorate: {list}, projection: id,", StringComparison.Ordinal);
        ComposedStore now = ComposedOf(Stack);
        Assert.True(StackChange.Between(now, ComposedOf(WithDecoration("[metrics, check]"))).IsEmpty);
        string checkedScheme = Stack.Replace(
            "mortise.partition.none,", "mortise.partition.none, decorate: [check],", StringComparison.Ordinal);
        Assert.True(StackChange.Between(now, ComposedOf(checkedScheme)).IsEmpty);
        Assert.Equal(["plain"], StackChange.Between(now, ComposedOf(WithDecoration("[checksum]"))).Switched);
    }

    [Fact]
    public void The_view_shows_it_and_reads_back()
    {
        string view = StackView.Write(Resolve(Stack), withOrigins: false);
        Assert.Contains("decorate: [checksum, metrics, throttle]", view, StringComparison.Ordinal);
        Assert.Equal(view, StackView.Write(Resolve(view), withOrigins: false));
    }

    private static MortiseHost Host()
    {
        var options = new MortiseHostOptions();
        options.PluginFolders.Add(Repository.Plugins);
        return new MortiseHost(options);
    }

    private static ResolvedStack Resolve(string text) => Host().Resolve(StackFile.Parse("stack.yaml", text));

    private static void Apply(IIndexFamily index, byte[]? value = null)
    {
        value ??= s_value;
        byte[] arena = [.. s_key, .. value];
        index.Apply(new IndexBatch(
            new Lsn(1),
            arena,
            [new IndexMutation(IndexOperation.Set, 0, s_key.Length, s_key.Length, value.Length)]));
    }

    private ComposedStore ComposedOf(string text) => Host().Compose(Resolve(text), _folder.Path);

    private StoreComposition Compose() => ComposedOf(Stack).Composition;

    private ValueTask<IIndexFamily> OpenAsync(string family) =>
        Compose().Families.Single(f => f.Name == family).Structure.Open(Context(family), default);

    private ComponentContext Context(string name)
    {
        var meter = new Meter(name);
        _meters.Add(meter);
        return new ComponentContext
        {
            InstanceName = name,
            StoreId = new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
            Files = PosixDirectory.OpenRoot(Path.Combine(_folder.Path, name)),
            Time = _clock,
            Background = new HostBackground(NullLog.Instance),
            Seed = 1,
            Log = NullLog.Instance,
            Meter = meter,
        };
    }

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (instrument.Name.StartsWith("mortise.component.", StringComparison.Ordinal))
        {
            (string, string, string) key = (instrument.Meter.Name, instrument.Name, (string)tags[0].Value!);
            _sums[key] = _sums.GetValueOrDefault(key) + value;
        }
    }

    /// <summary>Time goes by only for those who wait, and then at once.</summary>
    private sealed class LeapingClock : TimeProvider
    {
        public TimeSpan Leapt { get; private set; }

        public override long GetTimestamp() => Leapt.Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == Timeout.InfiniteTimeSpan)
            {
                return System.CreateTimer(callback, state, dueTime, period);
            }

            Leapt += dueTime;
            return System.CreateTimer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }
}
