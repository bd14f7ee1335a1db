using System.Diagnostics;
using Mortise.Files;
using Mortise.Host.Files;
using Mortise.Logging;

namespace Mortise.Bench.Log;

/// <summary>One committer: the log's append and sync beside a plain write and fdatasync of the same bytes.</summary>
internal static class Latency
{
    private const int PayloadBytes = 400;
    private const int FrameBytes = 440;
    private const int BlockOperations = 100;
    private const int Blocks = 60;
    private const int WarmUpBlocks = 5;

    public static async Task RunAsync(PosixDirectory root)
    {
        Console.WriteLine(
            $"one committer, {PayloadBytes} bytes, {Blocks} blocks of {BlockOperations} by turns, microseconds");
        using IStorageFile growing = root.Open("growing", FileIntent.CreateNew);
        using IStorageFile written = root.Open("written", FileIntent.CreateNew);
        byte[] zeros = new byte[1 << 20];
        for (int i = 0; i < 16; i++)
        {
            written.Write(zeros, (long)i << 20);
        }

        written.Sync(SyncKind.Full);
        root.Sync();
        IWriteAheadLog log = await Stacks.OpenLogAsync(root.OpenDirectory("latency"));
        byte[] frame = new byte[FrameBytes];
        byte[] payload = new byte[PayloadBytes];
        long growingAt = 0;
        long writtenAt = 0;
        List<double>[] samples = [[], [], []];
        for (int block = -WarmUpBlocks; block < Blocks; block++)
        {
            for (int subject = 0; subject < samples.Length; subject++)
            {
                for (int i = 0; i < BlockOperations; i++)
                {
                    long start = Stopwatch.GetTimestamp();
                    switch (subject)
                    {
                        case 0:
                            growing.Write(frame, growingAt);
                            growing.Sync(SyncKind.Data);
                            growingAt += FrameBytes;
                            break;
                        case 1:
                            written.Write(frame, writtenAt);
                            written.Sync(SyncKind.Data);
                            writtenAt += FrameBytes;
                            break;
                        default:
                            ValueTask pending = log.SyncAsync(log.Append(payload));
                            if (!pending.IsCompletedSuccessfully)
                            {
                                await pending;
                            }

                            break;
                    }

                    if (block >= 0)
                    {
                        samples[subject].Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
                    }
                }
            }
        }

        await log.DisposeAsync();
        string[] names = ["write + fdatasync, growing file", "write + fdatasync, written file", "the log"];
        for (int subject = 0; subject < samples.Length; subject++)
        {
            samples[subject].Sort();
            Console.WriteLine(
                $"   {names[subject],-32} p50 {At(subject, 0.5),7:n1}   p90 {At(subject, 0.9),7:n1}   "
                + $"p99 {At(subject, 0.99),8:n1}   "
                + $"p99.9 {At(subject, 0.999),8:n1}   max {samples[subject][^1],9:n1}");
        }

        Console.WriteLine(
            $"   the log / growing file: p50 {At(2, 0.5) / At(0, 0.5):n2}, p99 {At(2, 0.99) / At(0, 0.99):n2}; "
            + $"/ written file: p50 {At(2, 0.5) / At(1, 0.5):n2}, p99 {At(2, 0.99) / At(1, 0.99):n2}");

        double At(int subject, double share) => samples[subject][(int)(share * (samples[subject].Count - 1))];
    }
}
