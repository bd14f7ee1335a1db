using Microsoft.Extensions.Logging;
using Mortise.Components;

namespace Mortise.Host.Running;

/// <summary>A component's log in a program's logging.</summary>
/// <remarks>Under a name and never under a plugin's type, which the program's logging would hold for ever. Threads:
/// any.</remarks>
/// <param name="logger">Where messages go.</param>
public sealed class LoggerLog(ILogger logger) : IComponentLog
{
    /// <inheritdoc/>
    public bool IsEnabled(ComponentLogLevel level) => logger.IsEnabled(LevelOf(level));

    /// <inheritdoc/>
    public void Write(ComponentLogLevel level, string message, Exception? exception = null)
    {
        LogLevel at = LevelOf(level);
        if (logger.IsEnabled(at))
        {
            logger.Log(at, default, message, exception, static (text, _) => text);
        }
    }

    private static LogLevel LevelOf(ComponentLogLevel level) => level switch
    {
        ComponentLogLevel.Debug => LogLevel.Debug,
        ComponentLogLevel.Information => LogLevel.Information,
        ComponentLogLevel.Warning => LogLevel.Warning,
        _ => LogLevel.Error,
    };
}
