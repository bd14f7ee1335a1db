using Mortise.Cli.Import;

namespace Mortise.Cli.Tests.Import;

public sealed class OrderedPipelineTests
{
    [Fact]
    public async Task Results_come_in_the_order_of_the_items_however_long_each_takes()
    {
        using var gate = new ManualResetEventSlim();
        int Step(int item)
        {
            // The first item cannot finish before the second has: were the step not parallel, this would not end.
            if (item == 0)
            {
                gate.Wait();
            }
            else if (item == 1)
            {
                gate.Set();
            }

            return item * 2;
        }

        var results = new List<int>();
        await foreach (int result in OrderedPipeline.SelectAsync(Items(1_000), Step, ahead: 4, CancellationToken.None))
        {
            results.Add(result);
        }

        Assert.Equal(Enumerable.Range(0, 1_000).Select(i => i * 2), results);
    }

    [Fact]
    public async Task No_more_items_are_taken_ahead_than_allowed()
    {
        int taken = 0;
        int handed = 0;
        async IAsyncEnumerable<int> Counted()
        {
            for (int i = 0; i < 200; i++)
            {
                await Task.Yield();
                Interlocked.Increment(ref taken);
                yield return i;
            }
        }

        await foreach (int _ in OrderedPipeline.SelectAsync(Counted(), i => i, ahead: 3, CancellationToken.None))
        {
            handed++;

            // Three queued, one waiting to be queued, one just handed out.
            Assert.InRange(Volatile.Read(ref taken) - handed, 0, 5);
        }

        Assert.Equal(200, handed);
    }

    [Fact]
    public async Task The_exception_of_a_step_comes_out_at_its_place()
    {
        var seen = new List<int>();
        var thrown = await Assert.ThrowsAsync<InvalidDataException>(async () =>
        {
            await foreach (int result in OrderedPipeline.SelectAsync(
                Items(50), i => i == 7 ? throw new InvalidDataException("seven") : i, ahead: 4, CancellationToken.None))
            {
                seen.Add(result);
            }
        });
        Assert.Equal("seven", thrown.Message);
        Assert.Equal(Enumerable.Range(0, 7), seen);
    }

    [Fact]
    public async Task The_exception_of_the_source_comes_out_after_the_items_before_it()
    {
        static async IAsyncEnumerable<int> Broken()
        {
            await Task.Yield();
            yield return 1;
            yield return 2;
            throw new InvalidDataException("torn");
        }

        var seen = new List<int>();
        await Assert.ThrowsAsync<InvalidDataException>(async () =>
        {
            await foreach (int result in OrderedPipeline.SelectAsync(Broken(), i => i, 2, CancellationToken.None))
            {
                seen.Add(result);
            }
        });
        Assert.Equal([1, 2], seen);
    }

    private static async IAsyncEnumerable<int> Items(int count)
    {
        for (int i = 0; i < count; i++)
        {
            await Task.Yield();
            yield return i;
        }
    }
}
