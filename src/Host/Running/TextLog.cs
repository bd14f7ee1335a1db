using System.Globalization;
using Mortise.Components;

namespace Mortise.Host.Running;

/// <summary>A component's log as lines of text: time, level, instance, fact.</summary>
/// <remarks>Threads: any; lines do not mix, also between the logs of several instances that share a writer.</remarks>
/// <param name="to">Where lines go, for example <see cref="Console.Error"/>; not disposed.</param>
/// <param name="instance">The instance's name.</param>
/// <param name="least">Messages below this level are dropped.</param>
/// <param name="time">The clock of the time stamps.</param>
public sealed class TextLog(TextWriter to, string instance, ComponentLogLevel least, TimeProvider time) : IComponentLog
{
    /// <inheritdoc/>
    public bool IsEnabled(ComponentLogLevel level) => level >= least;

    /// <inheritdoc/>
    public void Write(ComponentLogLevel level, string message, Exception? exception = null)
    {
        if (!IsEnabled(level))
        {
            return;
        }

        string word = level switch
        {
            ComponentLogLevel.Debug => "debug",
            ComponentLogLevel.Information => "info",
            ComponentLogLevel.Warning => "warn",
            _ => "error",
        };
        string line = string.Create(
            CultureInfo.InvariantCulture,
            $"{time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {word,-5} {instance}: {message}");
        lock (to)
        {
            to.WriteLine(line);
            if (exception is not null && level >= ComponentLogLevel.Error)
            {
                to.WriteLine(exception);
            }
        }
    }
}
