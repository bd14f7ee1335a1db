namespace Mortise.Components;

/// <summary>A log for people.</summary>
/// <remarks>Threads: any. Cheap when the level is off: build the text only after asking
/// <see cref="IsEnabled"/>.</remarks>
public interface IComponentLog
{
    /// <summary>True when messages of that level go anywhere.</summary>
    bool IsEnabled(ComponentLogLevel level);

    /// <summary>Writes one lower-case fact.</summary>
    void Write(ComponentLogLevel level, string message, Exception? exception = null);
}
