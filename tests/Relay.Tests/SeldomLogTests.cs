using Microsoft.Extensions.Logging;

namespace Mortise.Relay.Tests;

/// <summary>What strangers can bring about at will does not fill the log.</summary>
public sealed class SeldomLogTests
{
    [Fact]
    public void One_thing_is_said_once_in_ten_seconds_and_then_how_often_it_was_so()
    {
        var kept = new KeptLog();
        var clock = new StoppedClock();
        var log = new SeldomLog(kept, clock);
        for (int i = 0; i < 1_000; i++)
        {
            log.LogError(new IOException("full"), "{Count} events could not be stored", i);
        }

        log.LogError(new InvalidOperationException("other"), "{Count} events could not be stored", 1);
        log.LogWarning("something else");
        Assert.Equal(["0 events could not be stored", "1 events could not be stored", "something else"], kept.Lines);
        clock.Advance(TimeSpan.FromSeconds(10));
        log.LogError(new IOException("full"), "{Count} events could not be stored", 7);
        Assert.Equal("7 events could not be stored (999 more like it since the last one)", kept.Lines[^1]);
        clock.Advance(TimeSpan.FromSeconds(10));
        log.LogError(new IOException("full"), "{Count} events could not be stored", 8);
        Assert.Equal("8 events could not be stored", kept.Lines[^1]);
    }

    private sealed class StoppedClock : TimeProvider
    {
        private long _now;

        public override long GetTimestamp() => _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan time) => _now += time.Ticks;
    }

    private sealed class KeptLog : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter) => Lines.Add(formatter(state, exception));
    }
}
