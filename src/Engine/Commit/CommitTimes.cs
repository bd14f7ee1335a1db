namespace Mortise.Engine;

/// <summary>How long the writer is taken by the groups of those who wait for them.</summary>
/// <remarks>Threads: <see cref="Note"/> on the writer, the rest on any.</remarks>
internal sealed class CommitTimes
{
    /// <summary>The share of the last group in the average is one in this many.</summary>
    private const int Inertia = 16;

    private long _groups;
    private long _ticks;

    /// <summary>Groups since the store was opened.</summary>
    public long Groups => Interlocked.Read(ref _groups);

    /// <summary>What a group takes lately, its sync included where it waits for one.</summary>
    public TimeSpan Typical => new(Interlocked.Read(ref _ticks));

    /// <summary>A group was acknowledged.</summary>
    public void Note(TimeSpan took)
    {
        Interlocked.Exchange(ref _ticks, _groups == 0 ? took.Ticks : _ticks + ((took.Ticks - _ticks) / Inertia));
        Interlocked.Increment(ref _groups);
    }
}
