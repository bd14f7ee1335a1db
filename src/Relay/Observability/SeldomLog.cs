using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Mortise.Relay;

/// <summary>Says of one thing once in ten seconds, and how often it was so meanwhile: what strangers can bring about at
/// will must not fill the disk with lines, least of all when the disk is what is full.</summary>
/// <remarks>Threads: any. Bounded: one thing is one message template with one type of exception.</remarks>
internal sealed class SeldomLog(ILogger inner, TimeProvider time) : ILogger
{
    private const string Template = "{OriginalFormat}";
    private static readonly TimeSpan s_between = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<(string, Type?), Told> _told = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => inner.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        string template = state is IReadOnlyList<KeyValuePair<string, object?>> { Count: > 0 } values
            && values[^1] is { Key: Template, Value: string text } ? text : "";
        Told told = _told.GetOrAdd((template, exception?.GetType()), static _ => new Told());
        if (told.MayTell(time, out long untold))
        {
            inner.Log(logLevel, eventId, state, exception, untold == 0
                ? formatter
                : (s, e) => $"{formatter(s, e)} ({untold} more like it since the last one)");
        }
    }

    private sealed class Told
    {
        private readonly Lock _gate = new();
        private long? _at;
        private long _untold;

        public bool MayTell(TimeProvider time, out long untold)
        {
            lock (_gate)
            {
                untold = _untold;
                if (_at is long at && time.GetElapsedTime(at) < s_between)
                {
                    _untold++;
                    return false;
                }

                _at = time.GetTimestamp();
                _untold = 0;
                return true;
            }
        }
    }
}
