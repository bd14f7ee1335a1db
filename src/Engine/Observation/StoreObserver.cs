using Mortise.Components;

namespace Mortise.Engine;

/// <summary>Tells all listeners of a store, one after the other; what one throws is logged and stops nobody.</summary>
internal sealed class StoreObserver(IReadOnlyList<IStoreListener> listeners, IComponentLog log)
{
    public void Tell<TState>(TState state, Action<IStoreListener, TState> call)
    {
        for (int i = 0; i < listeners.Count; i++)
        {
            try
            {
                call(listeners[i], state);
            }
            catch (Exception e)
            {
                log.Write(ComponentLogLevel.Error, $"a listener failed: {listeners[i].GetType().FullName}", e);
            }
        }
    }
}
