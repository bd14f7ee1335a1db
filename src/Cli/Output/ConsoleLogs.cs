using Microsoft.Extensions.Logging;

namespace Mortise.Cli.Output;

/// <summary>Writes what libraries log to standard error, a line each, so that a service keeps it.</summary>
internal sealed class ConsoleLogs(TextWriter error) : ILoggerProvider
{
    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Lines(TextWriter.Synchronized(error), categoryName);

    /// <inheritdoc/>
    public void Dispose()
    {
        // The writer is the console's.
    }

    private sealed class Lines(TextWriter error, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                string cause = exception is null ? "" : $": {exception.GetType().Name}: {exception.Message}";
                error.WriteLine(
                    $"{logLevel} {category}: {(formatter(state, exception) + cause).ReplaceLineEndings(" ")}");
            }
        }
    }
}
