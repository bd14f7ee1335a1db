namespace Mortise.Engine;

/// <summary>How much a move takes along, and when the next one is due, so that others do not wait much longer than without
/// moves.</summary>
/// <remarks>
/// <para>A write that comes while a move is on the writer waits for it. So a move is as large as takes the writer about as
/// long as one write of others: it grows by little while it takes less, and shrinks by more when it took longer.</para>
/// <para>While others write, moves have a part of the writer's time only, which also leaves processors and device to
/// them; otherwise they follow each other. Threads: one.</para>
/// </remarks>
internal sealed class MovePace(CompactionOptions options, CommitTimes others, TimeProvider time)
{
    /// <summary>What a move may always take, and never more.</summary>
    private static readonly TimeSpan s_leastTime = TimeSpan.FromMicroseconds(150);
    private static readonly TimeSpan s_mostTime = TimeSpan.FromMilliseconds(10);

    /// <summary>Others count as busy for so long after their last write.</summary>
    private static readonly TimeSpan s_busyFor = TimeSpan.FromMilliseconds(200);

    /// <summary>How much of what was missed, in a checkpoint for example, may be made up for.</summary>
    private static readonly TimeSpan s_mostLate = TimeSpan.FromMilliseconds(20);

    /// <summary>So many times what a move takes pass before the next one: with it one write in a hundred waits less than twice as
    /// long as without moves, with 9 five times (docs/operating.md).</summary>
    internal const int PausePerMove = 24;

    /// <summary>Also when one move took long for other reasons, such as a device that is full of work.</summary>
    private static readonly TimeSpan s_mostPause = TimeSpan.FromMilliseconds(100);

    /// <summary>Smaller ones would have their bodies in the log too.</summary>
    private static readonly long s_leastBytes = EngineOptions.UnsyncedBodiesOnceFrom.Bytes;

    private long _pacedAt = time.GetTimestamp();
    private TimeSpan _early;
    private long _othersSeen = others.Groups;
    private long _othersAt;
    private bool _wereOthers;

    /// <summary>About how many bytes the next move should have.</summary>
    public long Bytes { get; private set; } = options.MoveBytes.Bytes;

    /// <summary>Takes note of a move, and waits until the next one is due.</summary>
    /// <param name="bytes">What it moved.</param>
    /// <param name="took">How long it took the writer.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async ValueTask AfterAsync(long bytes, TimeSpan took, CancellationToken cancellation)
    {
        Resize(took);
        TimeSpan pause = TimeSpan.Zero;
        if (options.BytesPerSecond.Bytes > 0)
        {
            pause = TimeSpan.FromSeconds((double)bytes / options.BytesPerSecond.Bytes);
        }

        if (AreOthersBusy())
        {
            TimeSpan share = took * (1 + PausePerMove);
            share = share > s_mostPause ? s_mostPause : share;
            pause = share > pause ? share : pause;
        }

        await PauseAsync(pause, cancellation).ConfigureAwait(false);
    }

    private void Resize(TimeSpan took)
    {
        TimeSpan wanted = others.Typical;
        wanted = wanted < s_leastTime ? s_leastTime : wanted > s_mostTime ? s_mostTime : wanted;
        long bytes = took > wanted ? Bytes - (Bytes / 4) : Bytes + (Bytes / 16);
        Bytes = Math.Min(Math.Max(bytes, s_leastBytes), options.MoveBytes.Bytes);
    }

    private bool AreOthersBusy()
    {
        long groups = others.Groups;
        if (groups != _othersSeen)
        {
            _othersSeen = groups;
            _othersAt = time.GetTimestamp();
            _wereOthers = true;
        }

        return _wereOthers && time.GetElapsedTime(_othersAt) < s_busyFor;
    }

    /// <summary>Timers are coarser than the pauses between small moves, so that what one pause is too long is taken off the
    /// next ones.</summary>
    private async ValueTask PauseAsync(TimeSpan pause, CancellationToken cancellation)
    {
        long now = time.GetTimestamp();
        _early += pause - time.GetElapsedTime(_pacedAt, now);
        _pacedAt = now;
        _early = _early < -s_mostLate ? -s_mostLate : _early;
        if (_early > TimeSpan.Zero)
        {
            await Task.Delay(_early, time, cancellation).ConfigureAwait(false);
        }
    }
}
