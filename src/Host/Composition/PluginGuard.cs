using Mortise.Host.Loading;

namespace Mortise.Host.Composition;

/// <summary>Turns what a plugin should not throw into one typed error that names the plugin and what it was
/// doing.</summary>
internal static class PluginGuard
{
    /// <summary>Runs plugin code.</summary>
    /// <param name="component">Whose code it is.</param>
    /// <param name="operation">What it does, as a verb with its object: <c>open indexes/id</c>.</param>
    /// <param name="run">The code.</param>
    public static T Run<T>(PluginComponent component, string operation, Func<T> run)
    {
        try
        {
            return run() ?? throw Null(component, operation);
        }
        catch (Exception e) when (!IsAllowed(e))
        {
            throw Fault(component, operation, e);
        }
    }

    /// <summary>Runs plugin code that may wait, at most for some time.</summary>
    /// <param name="component">Whose code it is.</param>
    /// <param name="operation">What it does, as a verb with its object.</param>
    /// <param name="limit">The longest that it may take, and the clock; null for as long as it likes.</param>
    /// <param name="run">The code. What it comes to after the limit is disposed.</param>
    /// <param name="cancellation">Stops it.</param>
    public static async ValueTask<T> RunAsync<T>(
        PluginComponent component,
        string operation,
        (TimeSpan Longest, TimeProvider Time)? limit,
        Func<CancellationToken, ValueTask<T>> run,
        CancellationToken cancellation)
        where T : class, IAsyncDisposable
    {
        try
        {
            return (limit is { } l
                ? await RunLimitedAsync(component, operation, l.Longest, l.Time, run, cancellation).ConfigureAwait(false)
                : await run(cancellation).ConfigureAwait(false)) ?? throw Null(component, operation);
        }
        catch (Exception e) when (!IsAllowed(e))
        {
            throw Fault(component, operation, e);
        }
    }

    private static bool IsAllowed(Exception e) =>
        e is StorageException or ArgumentException or OperationCanceledException or ObjectDisposedException
            or OutOfMemoryException;

    private static async Task<T> RunLimitedAsync<T>(
        PluginComponent component,
        string operation,
        TimeSpan longest,
        TimeProvider time,
        Func<CancellationToken, ValueTask<T>> run,
        CancellationToken cancellation)
        where T : class, IAsyncDisposable
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);

        // On a thread of the pool: it may block.
        Task<T> running = Task.Run(() => run(stop.Token).AsTask(), CancellationToken.None);
        try
        {
            return await running.WaitAsync(longest, time, CancellationToken.None).ConfigureAwait(false);
        }
        catch (TimeoutException) when (!running.IsCompleted)
        {
            await stop.CancelAsync().ConfigureAwait(false);
            _ = DisposeLateAsync(running);
            throw new StorageException(
                StorageErrorCode.PluginFault,
                $"plugin {component.Plugin} did not {operation} within {longest.TotalSeconds:0.###} seconds",
                advice: $"ask the author of {component.Descriptor.Id}, or allow it more time");
        }
    }

    private static async Task DisposeLateAsync<T>(Task<T> late)
        where T : class, IAsyncDisposable
    {
        await ((Task)late).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (late.IsCompletedSuccessfully && late.Result is { } opened)
        {
            await opened.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static StorageException Fault(PluginComponent component, string operation, Exception cause) => new(
        StorageErrorCode.PluginFault,
        $"plugin {component.Plugin} failed to {operation}: {cause.GetType().Name}: {cause.Message}",
        advice: $"this is a defect in the plugin's component {component.Descriptor.Id}",
        inner: cause);

    private static StorageException Null(PluginComponent component, string operation) => new(
        StorageErrorCode.PluginFault,
        $"plugin {component.Plugin} failed to {operation}: it gave null",
        advice: $"this is a defect in the plugin's component {component.Descriptor.Id}");
}
