namespace Mortise.BTreeIndex.Tests;

public class ReaderEpochsTests
{
    [Fact]
    public void A_reader_who_is_inside_may_enter_again_however_many_are_inside()
    {
        ReaderEpochs epochs = new();
        HashSet<ReaderSlot> inside = [];
        for (int i = 0; i < 1_000; i++)
        {
            Assert.True(inside.Add(epochs.Enter()), $"reader {i} shares its slot");
        }

        Assert.All(inside, ReaderEpochs.Exit);
    }

    [Fact]
    public void A_stamp_counts_as_past_when_all_have_left_who_entered_before_it()
    {
        ReaderEpochs epochs = new();
        ReaderSlot[] before = [.. Enumerable.Range(0, 100).Select(_ => epochs.Enter())];
        long stamp = epochs.Retire();
        ReaderSlot after = epochs.Enter();
        foreach (ReaderSlot reader in before)
        {
            Assert.True(epochs.OldestInUse() < stamp);
            ReaderEpochs.Exit(reader);
        }

        Assert.Equal(stamp, epochs.OldestInUse());
        ReaderEpochs.Exit(after);
    }

    [Fact]
    public void Hits_of_all_slots_are_counted_although_the_readers_have_left()
    {
        ReaderEpochs epochs = new();
        ReaderSlot[] readers = [.. Enumerable.Range(0, 100).Select(_ => epochs.Enter())];
        foreach (ReaderSlot reader in readers)
        {
            reader.Hits += 3;
            ReaderEpochs.Exit(reader);
        }

        Assert.Equal(300, epochs.TotalHits());
    }

    [Fact]
    public void What_two_readers_write_is_more_than_two_cache_lines_apart()
    {
        ReaderSlot[] slots = GC.AllocateArray<ReaderSlot>(3);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < slots.Length; i++)
        {
            slots[i] = new ReaderSlot();
        }

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before > slots.Length * (128 + 32));
    }
}
