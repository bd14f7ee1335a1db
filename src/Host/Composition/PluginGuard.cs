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

    /// <summary>Runs plugin code that may wait.</summary>
    public static async ValueTask<T> RunAsync<T>(PluginComponent component, string operation, Func<ValueTask<T>> run)
        where T : class
    {
        try
        {
            return await run().ConfigureAwait(false) ?? throw Null(component, operation);
        }
        catch (Exception e) when (!IsAllowed(e))
        {
            throw Fault(component, operation, e);
        }
    }

    private static bool IsAllowed(Exception e) =>
        e is StorageException or ArgumentException or OperationCanceledException or ObjectDisposedException
            or OutOfMemoryException;

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
