using System.Runtime.ExceptionServices;

namespace Mortise.Engine;

/// <summary>Closes parts one after the other: one that fails keeps none of the others open.</summary>
/// <remarks>Threads: one.</remarks>
internal sealed class ClosingParts
{
    private ExceptionDispatchInfo? _first;

    public async ValueTask CloseAsync(Func<ValueTask> close)
    {
        try
        {
            await close().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _first ??= ExceptionDispatchInfo.Capture(e);
        }
    }

    /// <summary>Waits for an instance to close, for as long as the composition allows.</summary>
    /// <param name="closing">Its disposal, begun.</param>
    /// <param name="instance">Its name, for the message.</param>
    /// <param name="composition">Says how long, and by which clock.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.PluginFault"/>: it did not close; it may go on
    /// trying.</exception>
    public static async ValueTask WithinAsync(ValueTask closing, string instance, StoreComposition composition)
    {
        if (closing.IsCompleted || composition.CloseTimeout is not { } limit)
        {
            await closing.ConfigureAwait(false);
            return;
        }

        Task waiting = closing.AsTask();
        try
        {
            await waiting.WaitAsync(limit, composition.Time).ConfigureAwait(false);
        }
        catch (TimeoutException) when (!waiting.IsCompleted)
        {
            throw new StorageException(
                StorageErrorCode.PluginFault,
                $"{instance} did not close within {limit.TotalSeconds:0.###} seconds",
                instance,
                advice: "what was acknowledged is in the log; ask the author of the component");
        }
    }

    /// <summary>Throws what the first part that failed threw; later ones mostly fail for the same reason.</summary>
    public void Complete() => _first?.Throw();
}
