using Mortise.Components;
using Mortise.Conformance;
using Mortise.Logging;

namespace Mortise.Wal.Tests;

/// <summary>Short ways to open and drive a log in a simulated world.</summary>
internal static class Logs
{
    public const string Instance = "wal";

    /// <summary>The first mutation of a <see cref="World"/> that is the log's own.</summary>
    public const long FirstOperation = 3;

    /// <summary>A world in which the host has made the log's directory.</summary>
    public static SimWorld World(int seed)
    {
        var world = new SimWorld((ulong)seed);
        world.Directory(Instance);
        Assert.Equal(FirstOperation - 1, world.Disk.Operations);
        return world;
    }

    public static WalOptions Small(
        WalChecksum checksum = WalChecksum.Crc64, int recycled = 2, long prewrite = 8 << 10) => new()
        {
            SegmentSize = ByteSize.KiB(64),
            Checksum = checksum,
            RecycledSegments = recycled,
            Prewrite = new ByteSize(prewrite),
            MaxPayload = ByteSize.KiB(512),
        };

    public static IWriteAheadLog Open(SimWorld world, WalOptions? options = null) =>
        Open(world.Context(Instance), options);

    public static IWriteAheadLog Open(ComponentContext context, WalOptions? options = null) =>
        SegmentedLog.OpenAsync(context, options ?? Small(), default).AsTask().GetAwaiter().GetResult();

    public static void Sync(this IWriteAheadLog log) => log.Sync(log.LastLsn);

    public static void Sync(this IWriteAheadLog log, Lsn through) =>
        log.SyncAsync(through).AsTask().GetAwaiter().GetResult();

    public static void Close(this IWriteAheadLog log) => log.DisposeAsync().AsTask().GetAwaiter().GetResult();

    public static byte[] Payload(Random random, int bytes)
    {
        byte[] payload = new byte[bytes];
        random.NextBytes(payload);
        return payload;
    }

    public static List<byte[]> ReplayAll(this IWriteAheadLog log, Lsn? from = null)
    {
        var sink = new Collecting { All = [] };
        log.Replay(from ?? log.FirstLsn, ref sink);
        return sink.All;
    }

    /// <summary>The path of the segment that takes records.</summary>
    public static string LastSegment(SimWorld world) =>
        world.Disk.FilePaths().Last(p => p.EndsWith(".wal", StringComparison.Ordinal) && !p.Contains("spare"));

    private struct Collecting : ILogSink
    {
        public required List<byte[]> All { get; init; }

        public readonly bool Accept(Lsn lsn, ReadOnlySpan<byte> payload)
        {
            All.Add(payload.ToArray());
            return true;
        }
    }
}
