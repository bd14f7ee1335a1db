using Mortise.Conformance.Tests.Mutants;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Records;
using Mortise.Reference;

namespace Mortise.Conformance.Tests.Reference;

/// <summary>H22: what a stack can put around a component breaks no law, whatever the order.</summary>
public class DecoratedTests
{
    private static readonly Settings s_log = new([Decoration.Check, Decoration.Metrics, Decoration.Throttle]);
    private static readonly Settings s_index =
        new([Decoration.Check, Decoration.Checksum, Decoration.Metrics, Decoration.Throttle]);


    private static readonly ComponentSubject<IWriteAheadLog> s_logs = new()
    {
        Name = "decorated-log",
        Open = async (context, cancellation) => Decorations.Decorate(
            await SimpleLog.OpenAsync(context, new SimpleLogOptions(), cancellation), s_log, context),
        Examiner = SimpleLog.Examiner,
    };

    private static readonly ComponentSubject<IRecordStore> s_records = new()
    {
        Name = "decorated-records",
        Open = async (context, cancellation) => Decorations.Decorate(
            await SimpleRecordStore.OpenAsync(context, new SimpleRecordStoreOptions(), cancellation), s_log, context),
        Examiner = SimpleRecordStore.Examiner,
    };

    private static readonly ComponentSubject<IIndexFamily> s_indexes = new()
    {
        Name = "decorated-index",
        Open = async (context, cancellation) => Decorations.Decorate(
            await SimpleIndex.OpenAsync(context, new MemoryIndexOptions(), cancellation), s_index, context),
        Examiner = SimpleIndex.Examiner,
    };

    private static readonly CachePolicySubject s_caches = Guarded.Around(new CachePolicySubject
    {
        Name = "checked-cache",
        Create = static (capacity, _) => new FifoCachePolicy(capacity),
    });

    private static readonly PartitionSubject s_partitions = Guarded.Around(new PartitionSubject
    {
        Name = "checked-partitions",
        Create = static () => new SinglePartition(),
    });

    public static IEnumerable<object[]> OfLogs() => LogLaws.Suite.Ids();

    public static IEnumerable<object[]> OfRecords() => RecordLaws.Suite.Ids();

    public static IEnumerable<object[]> OfIndexes() => IndexLaws.Suite.Ids();

    public static IEnumerable<object[]> OfCaches() => CacheLaws.Suite.Ids();

    public static IEnumerable<object[]> OfPartitions() => PartitionLaws.Suite.Ids();

    [Theory]
    [MemberData(nameof(OfLogs))]
    public void A_decorated_log_obeys(string law) => LogLaws.Suite.Check(law, s_logs).ThrowIfBroken();

    [Theory]
    [MemberData(nameof(OfRecords))]
    public void A_decorated_record_store_obeys(string law) => RecordLaws.Suite.Check(law, s_records).ThrowIfBroken();

    [Theory]
    [MemberData(nameof(OfIndexes))]
    public void A_decorated_index_obeys(string law) => IndexLaws.Suite.Check(law, s_indexes).ThrowIfBroken();

    [Theory]
    [MemberData(nameof(OfCaches))]
    public void A_checked_cache_policy_obeys(string law) => CacheLaws.Suite.Check(law, s_caches).ThrowIfBroken();

    [Theory]
    [MemberData(nameof(OfPartitions))]
    public void A_checked_partition_scheme_obeys(string law) =>
        PartitionLaws.Suite.Check(law, s_partitions).ThrowIfBroken();

    private sealed class Settings : DecoratedSettings
    {
        public Settings(IReadOnlyList<Decoration> decorate)
        {
            // Too fast for anybody to wait: the clock of the laws stands still.
            Decorate = decorate;
            Throttle = new ByteSize(1L << 50);
        }
    }
}
