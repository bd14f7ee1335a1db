using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Mortise.Cli.Import;

/// <summary>Runs one step over many items in parallel and hands the results on in the order of the items.</summary>
internal static class OrderedPipeline
{
    /// <summary>Transforms items on the thread pool.</summary>
    /// <param name="items">The items, read one at a time.</param>
    /// <param name="step">Called concurrently.</param>
    /// <param name="ahead">The most items that are taken before their results are asked for, 1 and up.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <remarks>An exception of the step or of the source comes out at its item's place. When the caller stops early,
    /// what is still running is awaited, so that nothing runs on behind its back.</remarks>
    public static async IAsyncEnumerable<TResult> SelectAsync<T, TResult>(
        IAsyncEnumerable<T> items,
        Func<T, TResult> step,
        int ahead,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var queue = Channel.CreateBounded<Task<TResult>>(ahead);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task reading = FeedAsync(items, step, queue.Writer, stop.Token);
        try
        {
            await foreach (Task<TResult> result in queue.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
            {
                yield return await result.ConfigureAwait(false);
            }

            await reading.ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (queue.Reader.TryRead(out Task<TResult>? late))
            {
                await ((Task)late).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static async Task FeedAsync<T, TResult>(
        IAsyncEnumerable<T> items,
        Func<T, TResult> step,
        ChannelWriter<Task<TResult>> to,
        CancellationToken cancellation)
    {
        try
        {
            await foreach (T item in items.WithCancellation(cancellation).ConfigureAwait(false))
            {
                await to.WriteAsync(Task.Run(() => step(item), CancellationToken.None), cancellation)
                    .ConfigureAwait(false);
            }
        }
        finally
        {
            to.Complete();
        }
    }
}
