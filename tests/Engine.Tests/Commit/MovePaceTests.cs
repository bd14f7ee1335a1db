using Mortise.Conformance;

namespace Mortise.Engine.Tests.Commit;

/// <summary>Moves are as large as others hardly notice, and leave the writer to them most of the time.</summary>
public sealed class MovePaceTests
{
    private static readonly TimeSpan s_short = TimeSpan.FromMicroseconds(20);
    private static readonly TimeSpan s_long = TimeSpan.FromMilliseconds(2);

    private readonly SimClock _clock = new();
    private readonly CommitTimes _others = new();
    private readonly CompactionOptions _options = new();

    [Fact]
    public async Task A_move_grows_while_it_takes_less_than_a_write_of_others_and_never_beyond_the_limit()
    {
        MovePace pace = Pace();
        await pace.AfterAsync(pace.Bytes, s_long, default);
        long before = pace.Bytes;
        Assert.True(before < _options.MoveBytes.Bytes);
        for (int i = 0; i < 200; i++)
        {
            await pace.AfterAsync(pace.Bytes, s_short, default);
            Assert.InRange(pace.Bytes, before, _options.MoveBytes.Bytes);
            before = pace.Bytes;
        }

        Assert.Equal(_options.MoveBytes.Bytes, before);
    }

    [Fact]
    public async Task It_shrinks_when_it_takes_longer_and_stays_something()
    {
        MovePace pace = Pace();
        for (int i = 0; i < 200; i++)
        {
            long before = pace.Bytes;
            await pace.AfterAsync(before, s_long, default);
            Assert.InRange(pace.Bytes, 1, before);
        }

        Assert.InRange(pace.Bytes, 1, 4096);
    }

    [Fact]
    public async Task Where_others_wait_longer_anyway_a_move_may_take_longer_too()
    {
        MovePace pace = Pace();
        _others.Note(2 * s_long);
        _clock.Advance(TimeSpan.FromSeconds(1));
        for (int i = 0; i < 200; i++)
        {
            Task after = pace.AfterAsync(pace.Bytes, s_long, default).AsTask();
            _clock.Advance(TimeSpan.FromSeconds(1));
            await after;
        }

        Assert.Equal(_options.MoveBytes.Bytes, pace.Bytes);
    }

    [Fact]
    public async Task Moves_follow_each_other_when_nobody_else_writes_and_make_room_when_somebody_does()
    {
        MovePace pace = Pace();
        Assert.True(pace.AfterAsync(4096, s_long, default).AsTask().IsCompleted);
        _others.Note(s_short);
        Task paused = pace.AfterAsync(4096, s_long, default).AsTask();
        Assert.False(paused.IsCompleted);
        _clock.Advance(MovePace.PausePerMove * s_long);
        Assert.False(paused.IsCompleted);
        _clock.Advance(s_long);
        await paused;

        // Nobody came for a second.
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(pace.AfterAsync(4096, s_long, default).AsTask().IsCompleted);
    }

    [Fact]
    public async Task A_limit_of_bytes_a_second_is_kept_whoever_writes()
    {
        var pace = new MovePace(
            new CompactionOptions { BytesPerSecond = ByteSize.KiB(1) }, _others, _clock);
        Task paused = pace.AfterAsync(1024, s_short, default).AsTask();
        _clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(paused.IsCompleted);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await paused;
    }

    private MovePace Pace() => new(_options, _others, _clock);
}
