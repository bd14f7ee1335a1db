using Mortise.Components;

namespace Mortise.Conformance;

/// <summary>A log that keeps what a component wrote.</summary>
public sealed class CollectingLog : IComponentLog
{
    private readonly Lock _gate = new();
    private readonly List<CollectedMessage> _messages = [];

    /// <summary>All messages in order.</summary>
    public IReadOnlyList<CollectedMessage> Messages
    {
        get
        {
            lock (_gate)
            {
                return [.. _messages];
            }
        }
    }

    /// <inheritdoc/>
    public bool IsEnabled(ComponentLogLevel level) => true;

    /// <inheritdoc/>
    public void Write(ComponentLogLevel level, string message, Exception? exception = null)
    {
        lock (_gate)
        {
            _messages.Add(new CollectedMessage(level, message, exception));
        }
    }
}
