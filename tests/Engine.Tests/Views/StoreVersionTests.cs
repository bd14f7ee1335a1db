namespace Mortise.Engine.Tests.Views;

/// <summary>A version of the store goes once, when its last reader has left and none can come.</summary>
public sealed class StoreVersionTests
{
    [Fact]
    public void It_goes_with_the_last_of_its_readers_and_takes_nobody_after()
    {
        int gone = 0;
        int stripe = ReaderStripes.Choose();
        StoreVersion version = new(new Lsn(1), [], [], null, _ => gone++);
        Assert.True(version.TryEnter(stripe));
        Assert.True(version.TryEnter(stripe));
        version.Leave(stripe);
        version.Supersede();
        Assert.False(version.TryEnter(stripe));
        Assert.Equal(0, gone);
        version.Leave(stripe);
        Assert.Equal(1, gone);
        Assert.False(version.TryEnter(stripe));
        Assert.Equal(1, gone);
    }

    [Fact]
    public void A_view_that_is_opened_again_leaves_by_where_it_entered_last()
    {
        int gone = 0;
        StoreVersion before = new(new Lsn(1), [], [], null, _ => gone++);
        StoreVersion after = new(new Lsn(2), [], [], null, _ => gone++);
        Assert.True(before.TryEnter(ReaderStripes.Of(0)));
        var view = new StoreView(before, ReaderStripes.Of(0), null!);
        view.Dispose();
        view.Dispose();
        before.Supersede();
        Assert.Equal(1, gone);

        Assert.True(after.TryEnter(ReaderStripes.Of(1)));
        view.Reopen(after, ReaderStripes.Of(1));
        Assert.Throws<InvalidOperationException>(() => view.Reopen(after, ReaderStripes.Of(0)));
        after.Supersede();
        Assert.Equal(new Lsn(2), view.Lsn);
        Assert.Equal(1, gone);
        view.Dispose();
        view.Dispose();
        Assert.Equal(2, gone);
    }

    [Fact]
    public void Whatever_threads_do_with_one_view_its_version_goes_once_when_all_have_left()
    {
        const int Rounds = 5_000;
        int gone = 0;
        StoreVersion version = new(new Lsn(1), [], [], null, _ => Interlocked.Increment(ref gone));
        Assert.True(version.TryEnter(ReaderStripes.Of(0)));
        var view = new StoreView(version, ReaderStripes.Of(0), null!);
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(own => new Thread(() =>
        {
            int stripe = ReaderStripes.Of(own);
            for (int i = 0; i < Rounds; i++)
            {
                if (i % 8 == 0 && version.TryEnter(stripe))
                {
                    try
                    {
                        view.Reopen(version, stripe);
                    }
                    catch (InvalidOperationException)
                    {
                        version.Leave(stripe);
                    }
                }

                view.Dispose();
            }
        }))];
        Array.ForEach(threads, static t => t.Start());
        Array.ForEach(threads, static t => t.Join());
        Assert.Equal(0, gone);
        version.Supersede();
        Assert.Equal(1, gone);
    }

    [Fact]
    public void It_goes_at_once_when_nobody_reads_it()
    {
        int gone = 0;
        StoreVersion version = new(new Lsn(1), [], [], null, _ => gone++);
        version.Supersede();
        Assert.Equal(1, gone);
    }

    [Fact]
    public void Readers_never_hold_one_that_is_gone_and_each_goes_once()
    {
        const int Versions = 20_000;
        var gone = new int[Versions];
        var versions = new StoreVersion?[Versions];
        for (int i = 0; i < Versions; i++)
        {
            int own = i;
            versions[i] = new StoreVersion(new Lsn((ulong)i), [], [], null, _ => Interlocked.Increment(ref gone[own]));
        }

        int current = 0;
        int wrong = 0;
        Thread[] readers = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            while (Volatile.Read(ref current) is int at && at < Versions)
            {
                StoreVersion version = versions[at]!;
                int stripe = ReaderStripes.Choose();
                if (version.TryEnter(stripe))
                {
                    Interlocked.Add(ref wrong, Volatile.Read(ref gone[at]));
                    version.Leave(stripe);
                }
            }
        }))];
        Array.ForEach(readers, static r => r.Start());
        for (int i = 0; i < Versions; i++)
        {
            Volatile.Write(ref current, i + 1);
            versions[i]!.Supersede();
        }

        Array.ForEach(readers, static r => r.Join());
        Assert.Equal(0, wrong);
        Assert.All(gone, static times => Assert.Equal(1, times));
    }
}
