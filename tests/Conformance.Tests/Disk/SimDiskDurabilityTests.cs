using Mortise.Files;

namespace Mortise.Conformance.Tests.Disk;

public class SimDiskDurabilityTests
{
    private static readonly byte[] s_old = [.. Enumerable.Repeat((byte)1, 2000)];
    private static readonly byte[] s_new = [.. Enumerable.Repeat((byte)2, 2000)];

    private static SimDisk DiskWithSyncedFile(SimDiskOptions? options = null)
    {
        SimDisk disk = new(7, options);
        using IStorageFile file = disk.Root.Open("a", FileIntent.CreateNew);
        file.Write(s_old, 0);
        file.Sync(SyncKind.Full);
        disk.Root.Sync();
        return disk;
    }

    [Theory]
    [MemberData(nameof(EveryModel))]
    public void What_was_synced_survives_every_crash(CrashModel model)
    {
        SimDisk disk = DiskWithSyncedFile();
        for (ulong seed = 0; seed < 20; seed++)
        {
            Assert.Equal(s_old, disk.AfterPowerCut(seed, model).ReadAllBytes("a"));
        }
    }

    [Fact]
    public void An_unsynced_write_survives_only_in_models_that_keep_it()
    {
        SimDisk disk = DiskWithSyncedFile();
        using IStorageFile file = disk.Root.Open("a", FileIntent.ReadWrite);
        file.Write(s_new, 0);
        Assert.Equal(s_old, disk.AfterPowerCut(1, CrashModel.SyncedOnly).ReadAllBytes("a"));
        Assert.Equal(s_new, disk.AfterPowerCut(1, CrashModel.KeepAll).ReadAllBytes("a"));
        Assert.Equal(s_new, disk.AfterProcessDeath().ReadAllBytes("a"));
    }

    [Fact]
    public void A_synced_file_whose_name_was_not_synced_is_gone()
    {
        SimDisk disk = new();
        using IStorageFile file = disk.Root.Open("a", FileIntent.CreateNew);
        file.Write(s_new, 0);
        file.Sync(SyncKind.Full);
        Assert.Empty(disk.AfterPowerCut(1, CrashModel.SyncedOnly).FilePaths());
        Assert.Empty(disk.AfterPowerCut(1, CrashModel.NamesLost).FilePaths());
        Assert.Equal(s_new, disk.AfterPowerCut(1, CrashModel.BytesLost).ReadAllBytes("a"));
    }

    [Fact]
    public void A_synced_name_whose_bytes_were_not_synced_is_an_empty_file()
    {
        SimDisk disk = new();
        using IStorageFile file = disk.Root.Open("a", FileIntent.CreateNew);
        file.Write(s_new, 0);
        disk.Root.Sync();
        Assert.Empty(disk.AfterPowerCut(1, CrashModel.SyncedOnly).ReadAllBytes("a"));
    }

    [Fact]
    public void A_rename_leaves_the_old_file_or_the_new_one_and_never_neither()
    {
        SimDisk disk = DiskWithSyncedFile();
        using (IStorageFile file = disk.Root.Open("b", FileIntent.CreateNew))
        {
            file.Write(s_new, 0);
            file.Sync(SyncKind.Full);
        }

        disk.Root.Sync();
        disk.Root.Rename("b", "a");
        HashSet<byte> seen = [];
        foreach (CrashModel model in Enum.GetValues<CrashModel>())
        {
            for (ulong seed = 0; seed < 20; seed++)
            {
                SimDisk after = disk.AfterPowerCut(seed, model);
                byte[] bytes = after.ReadAllBytes("a");
                Assert.True(bytes.AsSpan().SequenceEqual(s_old) || bytes.AsSpan().SequenceEqual(s_new));
                Assert.Equal(bytes[0] == 1, after.Root.Exists("b"));
                seen.Add(bytes[0]);
            }
        }

        Assert.Equal(2, seen.Count);
    }

    [Fact]
    public void A_failed_sync_leaves_bytes_that_read_and_never_become_durable()
    {
        SimDisk disk = DiskWithSyncedFile();
        disk.Plant(SimOperationKind.Sync, "a", 1, SimFaultEffect.SyncFailed);
        using (IStorageFile file = disk.Root.Open("a", FileIntent.ReadWrite))
        {
            file.Write(s_new, 0);
            StorageException failed = Assert.Throws<StorageException>(() => file.Sync(SyncKind.Data));
            Assert.Equal(StorageErrorCode.SyncFailed, failed.Code);
            Assert.True(file.IsPoisoned);
            Assert.Equal(
                StorageErrorCode.Faulted, Assert.Throws<StorageException>(() => file.Sync(SyncKind.Data)).Code);
            Assert.Equal(
                StorageErrorCode.Faulted, Assert.Throws<StorageException>(() => file.Write([1], 0)).Code);
            using IStorageFile second = disk.Root.Open("a", FileIntent.ReadWrite);
            Assert.Equal(
                StorageErrorCode.Faulted, Assert.Throws<StorageException>(() => second.Write([1], 0)).Code);
        }

        SimDisk restarted = disk.AfterProcessDeath();
        Assert.Equal(s_new, restarted.ReadAllBytes("a"));
        using (IStorageFile file = restarted.Root.Open("a", FileIntent.ReadWrite))
        {
            file.Sync(SyncKind.Full);
        }

        foreach (CrashModel model in Enum.GetValues<CrashModel>())
        {
            Assert.Equal(s_old, restarted.AfterPowerCut(3, model).ReadAllBytes("a"));
        }
    }

    [Fact]
    public void A_sync_that_reverts_shows_the_old_bytes_at_once()
    {
        SimDisk disk = DiskWithSyncedFile();
        disk.Plant(SimOperationKind.Sync, "a", 1, SimFaultEffect.SyncFailedReverted);
        using IStorageFile file = disk.Root.Open("a", FileIntent.ReadWrite);
        file.Write(s_new, 0);
        Assert.Throws<StorageException>(() => file.Sync(SyncKind.Data));
        Assert.Equal(s_old, disk.ReadAllBytes("a"));
    }

    [Fact]
    public void A_lying_sync_loses_what_it_promised()
    {
        SimDisk disk = DiskWithSyncedFile();
        disk.Plant(SimOperationKind.Sync, "a", 1, SimFaultEffect.LyingSync);
        using IStorageFile file = disk.Root.Open("a", FileIntent.ReadWrite);
        file.Write(s_new, 0);
        file.Sync(SyncKind.Data);
        Assert.Equal(s_old, disk.AfterPowerCut(1, CrashModel.SyncedOnly).ReadAllBytes("a"));
    }

    [Fact]
    public void A_torn_write_tears_at_sectors_only()
    {
        SimDisk disk = DiskWithSyncedFile();
        using IStorageFile file = disk.Root.Open("a", FileIntent.ReadWrite);
        file.Write(s_new.AsSpan(0, 1900), 100);
        HashSet<int> tears = [];
        for (ulong seed = 0; seed < 100; seed++)
        {
            byte[] bytes = disk.AfterPowerCut(seed, CrashModel.TornLast).ReadAllBytes("a");
            int end = Array.LastIndexOf(bytes, (byte)2) + 1;
            Assert.True(end == 0 || end == 2000 || end % SimDisk.SectorBytes == 0, $"tear at {end}");
            Assert.DoesNotContain((byte)1, bytes.AsSpan(Math.Min(100, end)..end).ToArray());
            tears.Add(end);
        }

        Assert.Equal([0, 512, 1024, 1536], tears.Order());
    }

    [Fact]
    public void Reordered_sectors_are_each_of_some_moment()
    {
        SimDisk disk = DiskWithSyncedFile();
        using IStorageFile file = disk.Root.Open("a", FileIntent.ReadWrite);
        file.Write(s_new, 0);
        file.Write([.. Enumerable.Repeat((byte)3, 2000)], 0);
        HashSet<string> states = [];
        for (ulong seed = 0; seed < 500; seed++)
        {
            byte[] bytes = disk.AfterPowerCut(seed, CrashModel.Reordered).ReadAllBytes("a");
            Assert.Equal(2000, bytes.Length);
            for (int i = 0; i < bytes.Length; i++)
            {
                Assert.InRange(bytes[i], 1, 3);
                Assert.Equal(bytes[i / 512 * 512], bytes[i]);
            }

            states.Add($"{bytes[0]}{bytes[512]}{bytes[1024]}{bytes[1536]}");
        }

        Assert.True(states.Count > 60, $"only {states.Count} of 81 states were met");
    }

    [Fact]
    public void The_power_goes_at_the_chosen_operation_and_stays_away()
    {
        SimDisk disk = DiskWithSyncedFile();
        disk.CutPowerAt(disk.Operations + 2);
        IStorageFile file = disk.Root.Open("a", FileIntent.ReadWrite);
        file.Write([9], 0);
        Assert.Throws<SimulatedPowerCutException>(() => file.Write([9], 1));
        Assert.Throws<SimulatedPowerCutException>(() => file.Read(new byte[1], 0));
        Assert.Throws<SimulatedPowerCutException>(() => disk.Root.List());
        file.Dispose();
        Assert.Equal([9, 9], disk.AfterPowerCut(0, CrashModel.KeepAll).ReadAllBytes("a")[..2]);
    }

    [Fact]
    public void Equal_seeds_leave_equal_disks()
    {
        SimDisk disk = DiskWithSyncedFile();
        using IStorageFile file = disk.Root.Open("a", FileIntent.ReadWrite);
        Random random = new(3);
        for (int i = 0; i < 50; i++)
        {
            file.Write([(byte)random.Next()], random.Next(6000));
        }

        foreach (CrashModel model in Enum.GetValues<CrashModel>())
        {
            Assert.Equal(
                disk.AfterPowerCut(5, model).ReadAllBytes("a"), disk.AfterPowerCut(5, model).ReadAllBytes("a"));
        }
    }

    [Fact]
    public void A_deleted_file_may_be_back_and_its_successor_then_is_not()
    {
        SimDisk disk = DiskWithSyncedFile();
        disk.Root.Delete("a");
        using (IStorageFile file = disk.Root.Open("a", FileIntent.CreateNew))
        {
            file.Write([5], 0);
            file.Sync(SyncKind.Full);
        }

        HashSet<int> lengths = [];
        for (ulong seed = 0; seed < 50; seed++)
        {
            SimDisk after = disk.AfterPowerCut(seed, CrashModel.RandomSubset);
            lengths.Add(after.Root.Exists("a") ? after.ReadAllBytes("a").Length : -1);
        }

        Assert.Equal([-1, 1, 2000], lengths.Order());
    }

    public static IEnumerable<object[]> EveryModel() => Enum.GetValues<CrashModel>().Select(m => new object[] { m });
}
