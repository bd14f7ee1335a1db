using Mortise.Conformance;

namespace Mortise.Wal.Tests;

public class CrashTests
{
    private static readonly CrashModel[] s_models = Enum.GetValues<CrashModel>();

    [Theory]
    [InlineData(WalChecksum.Crc64, 2, 8 << 10)]
    [InlineData(WalChecksum.Crc32C, 1, 0)]
    [InlineData(WalChecksum.XxHash3, 0, 64 << 10)]
    public void A_power_cut_at_any_operation_loses_nothing_synced_and_invents_nothing(
        WalChecksum checksum, int recycled, int prewrite)
    {
        int seed = (int)TestSeeds.Of(7100);
        WalOptions options = Logs.Small(checksum, recycled, prewrite);
        for (int round = 0; round < TestSeeds.Soak; round++, seed++)
        {
            long operations = CountOperations(seed, options, steps: 60);
            for (long cut = Logs.FirstOperation; cut <= operations; cut++)
            {
                CutAndCheck(seed, options, cut, s_models[(int)(cut % s_models.Length)]);
            }
        }
    }

    [Fact]
    public void Every_model_of_a_crash_keeps_what_was_synced()
    {
        int seed = (int)TestSeeds.Of(7200);
        WalOptions options = Logs.Small();
        long operations = CountOperations(seed, options, steps: 25);
        foreach (CrashModel model in s_models)
        {
            for (long cut = Logs.FirstOperation; cut <= operations; cut++)
            {
                CutAndCheck(seed, options, cut, model);
            }
        }
    }

    [Fact]
    public void A_power_cut_during_recovery_changes_nothing()
    {
        int seed = (int)TestSeeds.Of(7300);
        WalOptions options = Logs.Small();
        for (int round = 0; round < 6 * TestSeeds.Soak; round++, seed++)
        {
            CrashModel model = s_models[round % s_models.Length];
            for (int inner = 1; ; inner++)
            {
                string context = $"seed {seed}, recovery cut at {inner}, {model}";
                using SimWorld world = Logs.World(seed);
                var workload = new Workload(seed, options);
                workload.Run(world, 60, 0, context, close: false);
                using SimWorld second = world.AfterPowerCut((ulong)seed, model);
                second.Disk.CutPowerAt(second.Disk.Operations + inner);
                bool cut = RunUntilCut(() => Logs.Open(second, options));
                using SimWorld third = second.AfterPowerCut((ulong)(seed + inner), s_models[inner % s_models.Length]);
                workload.Run(third, 30, workload.History.Durable, context, close: true);
                if (!cut)
                {
                    break;
                }
            }
        }
    }

    [Fact]
    public void The_end_of_the_process_at_any_operation_loses_no_append_that_returned()
    {
        int seed = (int)TestSeeds.Of(7400);
        WalOptions options = Logs.Small();
        long operations = CountOperations(seed, options, steps: 60);
        for (long cut = Logs.FirstOperation; cut <= operations; cut++)
        {
            string context = $"seed {seed}, killed at {cut}";
            using SimWorld world = Logs.World(seed);
            var workload = new Workload(seed, options);
            world.Disk.CutPowerAt(cut);
            RunUntilCut(() => workload.Run(world, 60, 0, context, close: true));
            using SimWorld next = world.AfterProcessDeath();
            workload.Run(next, 20, workload.History.Appended, context, close: false);
            ulong durable = workload.History.Durable;
            using SimWorld after = next.AfterPowerCut((ulong)cut, CrashModel.SyncedOnly);
            workload.Run(after, 5, durable, context + ", then a power cut", close: true);
        }
    }

    private static void CutAndCheck(int seed, WalOptions options, long cut, CrashModel model)
    {
        string context = $"seed {seed}, cut at {cut}, {model}";
        using SimWorld world = Logs.World(seed);
        var workload = new Workload(seed, options);
        world.Disk.CutPowerAt(cut);
        RunUntilCut(() => workload.Run(world, 60, 0, context, close: true));
        using SimWorld next = world.AfterPowerCut((ulong)cut, model);
        workload.Run(next, 25, workload.History.Durable, context, close: false);
        ulong durable = workload.History.Durable;

        // What was opened once must not change in another crash.
        using SimWorld last = next.AfterPowerCut((ulong)cut + 1, s_models[(int)((cut / 7) % s_models.Length)]);
        workload.Run(last, 0, durable, context + ", second cut", close: true);
    }

    private static long CountOperations(int seed, WalOptions options, int steps)
    {
        using SimWorld world = Logs.World(seed);
        new Workload(seed, options).Run(world, steps, 0, $"seed {seed}", close: true);
        return world.Disk.Operations;
    }

    private static bool RunUntilCut(Action action)
    {
        try
        {
            action();
            return false;
        }
        catch (SimulatedPowerCutException)
        {
            return true;
        }
    }
}
