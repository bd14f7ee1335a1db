using Mortise.Components;

namespace Mortise.Host.Running;

/// <summary>A log that drops everything.</summary>
public sealed class NullLog : IComponentLog
{
    private NullLog()
    {
    }

    /// <summary>The one instance.</summary>
    public static NullLog Instance { get; } = new();

    /// <inheritdoc/>
    public bool IsEnabled(ComponentLogLevel level) => false;

    /// <inheritdoc/>
    public void Write(ComponentLogLevel level, string message, Exception? exception = null)
    {
    }
}
