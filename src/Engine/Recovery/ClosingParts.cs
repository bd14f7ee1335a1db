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

    /// <summary>Throws what the first part that failed threw; later ones mostly fail for the same reason.</summary>
    public void Complete() => _first?.Throw();
}
