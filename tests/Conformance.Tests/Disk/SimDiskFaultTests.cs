using Mortise.Files;

namespace Mortise.Conformance.Tests.Disk;

public class SimDiskFaultTests
{
    [Fact]
    public void A_planted_fault_hits_the_nth_match_once_and_a_sticky_one_for_ever()
    {
        SimDisk disk = new();
        using IStorageFile file = disk.Root.Open("a.log", FileIntent.CreateNew);
        SimFault once = disk.Plant(SimOperationKind.Write, "*.log", 2, SimFaultEffect.Io);
        file.Write([1], 0);
        Assert.Equal(StorageErrorCode.Io, Assert.Throws<StorageException>(() => file.Write([2], 1)).Code);
        file.Write([3], 1);
        Assert.Equal(1, once.Fired);
        SimFault sticky = disk.Plant(SimOperationKind.Write, "a*", 1, SimFaultEffect.NoSpace, sticky: true);
        Assert.Throws<StorageException>(() => file.Write([2], 1));
        Assert.Throws<StorageException>(() => file.Write([2], 1));
        Assert.Equal(2, sticky.Fired);
        Assert.Equal([1, 3], disk.ReadAllBytes("a.log"));
    }

    [Fact]
    public void A_full_disk_keeps_a_prefix_and_takes_writes_again_when_there_is_room()
    {
        SimDisk disk = new(1, new SimDiskOptions { CapacityBytes = 4 * 4096 });
        using IStorageFile file = disk.Root.Open("a", FileIntent.CreateNew);
        using IStorageFile other = disk.Root.Open("b", FileIntent.CreateNew);
        other.Write(new byte[4096], 0);
        StorageException full = Assert.Throws<StorageException>(() => file.Write(new byte[5 * 4096], 0));
        Assert.Equal(StorageErrorCode.NoSpace, full.Code);
        Assert.True(full.IsRetryable);
        Assert.Equal(3 * 4096, file.Length);
        Assert.Throws<StorageException>(() => file.Write([1], 3 * 4096));
        disk.Root.Delete("b");
        Assert.Throws<StorageException>(() => file.Write([1], 3 * 4096));
        other.Dispose();
        file.Write([1], 3 * 4096);
    }

    [Fact]
    public void A_lost_write_reads_back_until_the_cache_is_gone()
    {
        SimDisk disk = new();
        using IStorageFile file = disk.Root.Open("a", FileIntent.CreateNew);
        disk.Root.Sync();
        file.Write([1], 0);
        file.Sync(SyncKind.Full);
        disk.Plant(SimOperationKind.Write, "a", 1, SimFaultEffect.LostWrite);
        file.Write([2], 0);
        file.Sync(SyncKind.Full);
        Assert.Equal([2], disk.ReadAllBytes("a"));
        Assert.Equal([1], disk.AfterPowerCut(0, CrashModel.KeepAll).ReadAllBytes("a"));
    }

    [Fact]
    public void A_misdirected_write_lands_in_another_sector()
    {
        SimDisk disk = new(3);
        using IStorageFile file = disk.Root.Open("a", FileIntent.CreateNew);
        file.Write(new byte[4 * 512], 0);
        disk.Plant(SimOperationKind.Write, "a", 1, SimFaultEffect.MisdirectedWrite);
        file.Write([7], 515);
        byte[] bytes = disk.ReadAllBytes("a");
        Assert.Equal(0, bytes[515]);
        Assert.Equal(3, Array.IndexOf(bytes, (byte)7) % 512);
    }

    [Fact]
    public void A_failed_directory_sync_is_not_mended_by_a_retry()
    {
        SimDisk disk = new();
        disk.Plant(SimOperationKind.SyncDirectory, "", 1, SimFaultEffect.SyncFailed);
        disk.Root.Open("a", FileIntent.CreateNew).Dispose();
        Assert.Throws<StorageException>(disk.Root.Sync);
        disk.Root.Sync();
        Assert.Empty(disk.AfterPowerCut(0, CrashModel.SyncedOnly).FilePaths());
    }

    [Fact]
    public void A_flipped_bit_is_in_reads_maps_and_after_a_crash()
    {
        SimDisk disk = new(0, new SimDiskOptions { CanMap = true });
        using IStorageFile file = disk.Root.Open("a", FileIntent.CreateNew);
        file.Write(new byte[10], 0);
        file.Sync(SyncKind.Full);
        disk.Root.Sync();
        Assert.True(file.TryMap(2, 8, out MappedRegion? region));
        disk.FlipBit("a", 5, 3);
        Assert.Equal(8, region!.Span(3, 1)[0]);
        Assert.Equal(8, disk.AfterPowerCut(0, CrashModel.SyncedOnly).ReadAllBytes("a")[5]);
        region.Dispose();
    }

    [Fact]
    public void A_mapping_follows_writes_and_is_overwritten_when_it_ends()
    {
        SimDisk disk = new(0, new SimDiskOptions { CanMap = true });
        using IStorageFile file = disk.Root.Open("a", FileIntent.CreateNew);
        file.Write(new byte[9000], 0);
        Assert.True(file.TryMap(100, 5000, out MappedRegion? region));
        ReadOnlySpan<byte> span = region!.Span(0, 5000);
        file.Write([1, 2, 3], 99);
        file.Write(new byte[100_000], 9000);
        Assert.Equal([2, 3, 0], span[..3].ToArray());
        Assert.Throws<InvalidOperationException>(() => file.SetLength(5099));
        region.Dispose();
        Assert.Equal(0xDD, span[0]);
        file.SetLength(0);
    }

    [Fact]
    public void A_lock_has_one_owner_and_ends_with_the_process()
    {
        SimDisk disk = new();
        IDisposable? held = disk.Root.TryLock("lock");
        Assert.NotNull(held);
        Assert.Null(disk.Root.TryLock("lock"));
        Assert.NotNull(disk.AfterProcessDeath().Root.TryLock("lock"));
        Assert.Equal(["lock (locked)"], disk.OpenHandles);
        held.Dispose();
        held.Dispose();
        Assert.Empty(disk.OpenHandles);
        using IDisposable? again = disk.Root.TryLock("lock");
        Assert.NotNull(again);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("A")]
    [InlineData("a\0")]
    [InlineData("ä")]
    public void A_name_outside_the_alphabet_is_refused_before_any_effect(string name)
    {
        SimDisk disk = new();
        Assert.ThrowsAny<ArgumentException>(() => disk.Root.Open(name, FileIntent.OpenOrCreate));
        Assert.ThrowsAny<ArgumentException>(() => disk.Root.OpenDirectory(name));
        Assert.ThrowsAny<ArgumentException>(() => disk.Root.TryLock(name));
        Assert.Equal(0, disk.Operations);
    }
}
