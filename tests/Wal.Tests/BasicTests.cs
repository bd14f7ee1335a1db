using Mortise.Conformance;
using Mortise.Logging;

namespace Mortise.Wal.Tests;

public class BasicTests
{
    [Fact]
    public void A_new_log_is_empty_and_starts_at_one()
    {
        using var world = new SimWorld(1);
        IWriteAheadLog log = Logs.Open(world);
        Assert.Equal(Lsn.None, log.LastLsn);
        Assert.Equal(new Lsn(1), log.FirstLsn);
        Assert.Equal(new Lsn(1), log.Append([1]));
        Assert.Equal(new Lsn(2), log.Append([2]));
        log.Close();
    }

    [Fact]
    public void Replay_gives_what_was_appended_before_and_after_reopening()
    {
        using var world = new SimWorld(2);
        var random = new Random(2);
        IWriteAheadLog log = Logs.Open(world);
        var all = new List<byte[]>();
        for (int i = 0; i < 500; i++)
        {
            all.Add(Logs.Payload(random, 1 + random.Next(3000)));
            log.Append(all[^1]);
        }

        Assert.Equal(all, log.ReplayAll());
        log.Close();
        log = Logs.Open(world);
        Assert.True(log.Recovery.WasClean);
        Assert.Equal(500, log.Recovery.Records);
        Assert.Equal(all, log.ReplayAll());
        Assert.Equal(all[250..], log.ReplayAll(new Lsn(251)));
        log.Close();
    }

    [Fact]
    public void Opening_and_closing_without_writing_leaves_the_bytes_alone()
    {
        using var world = new SimWorld(3);
        IWriteAheadLog log = Logs.Open(world);
        log.Append([1, 2, 3]);
        log.Close();
        Dictionary<string, byte[]> before = world.Disk.FilePaths().ToDictionary(p => p, world.Disk.ReadAllBytes);
        log = Logs.Open(world);
        log.Close();
        Dictionary<string, byte[]> after = world.Disk.FilePaths().ToDictionary(p => p, world.Disk.ReadAllBytes);
        Assert.Equal(before, after);
    }

    [Fact]
    public void A_random_life_matches_the_oracle()
    {
        int seed = (int)TestSeeds.Of(41);
        for (int round = 0; round < 20 * TestSeeds.Soak; round++, seed++)
        {
            using var world = new SimWorld((ulong)seed);
            var workload = new Workload(seed, Logs.Small());
            workload.Run(world, 300, 0, $"seed {seed}", close: true);
            workload.Run(world, 10, workload.History.Appended, $"seed {seed}, reopened", close: true);
            Assert.Empty(world.Disk.OpenHandles);
            Assert.Empty(world.Background.Registered);
        }
    }
}
