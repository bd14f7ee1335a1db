using Mortise.Conformance;
using Mortise.Logging;

namespace Mortise.Wal.Tests;

public class SeekTests
{
    [Fact]
    public void A_replay_from_any_record_of_a_large_segment_begins_there()
    {
        var options = new WalOptions { SegmentSize = ByteSize.MiB(8), MaxPayload = ByteSize.MiB(4) };
        using SimWorld world = Logs.World(61);
        IWriteAheadLog log = Logs.Open(world, options);
        var random = new Random(61);
        for (int i = 1; i <= 1500; i++)
        {
            byte[] payload = new byte[8 + (i % 400 == 0 ? 1 << 21 : random.Next(12_000))];
            BitConverter.TryWriteBytes(payload, (ulong)i);
            log.Append(payload);
        }

        CheckFromEverywhere(log);
        log.Close();

        // Opened again, no marks are known; the first reader that passes leaves them for the next.
        log = Logs.Open(world, options);
        CheckFromEverywhere(log);
        CheckFromEverywhere(log);
        log.Close();
    }

    private static void CheckFromEverywhere(IWriteAheadLog log)
    {
        for (ulong from = 1; from <= log.LastLsn.Value; from += 37)
        {
            var sink = new TwoSink { Expected = from };
            log.Replay(new Lsn(from), ref sink);
            Assert.Equal(Math.Min(from + 2, log.LastLsn.Value + 1), sink.Expected);
        }

        var end = new TwoSink();
        Assert.Equal(log.LastLsn.Next, log.Replay(log.LastLsn.Next, ref end));
    }

    private struct TwoSink : ILogSink
    {
        private int _taken;

        public ulong Expected { get; set; }

        public bool Accept(Lsn lsn, ReadOnlySpan<byte> payload)
        {
            Assert.Equal(Expected, lsn.Value);
            Assert.Equal(Expected, BitConverter.ToUInt64(payload));
            Expected++;
            return ++_taken < 2;
        }
    }
}
