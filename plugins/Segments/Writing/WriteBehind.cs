using Mortise.Components;

namespace Mortise.Segments;

/// <summary>Has the device begin with what was written, beside the writer: the call waits while the device has much to do,
/// and a write costs the writer nothing but a copy.</summary>
/// <remarks>Threads: any may add; one background step at a time.</remarks>
internal sealed class WriteBehind : IAsyncDisposable
{
    private readonly ReaderGate _gate;
    private readonly IBackgroundWork _work;
    private readonly Lock _lock = new();
    private readonly Queue<Stretch> _queue = new();

    public WriteBehind(ReaderGate gate, IBackground background)
    {
        _gate = gate;
        _work = background.Register("write behind", _ => Step());
    }

    /// <summary>A stretch of a segment's file was written, and will not change.</summary>
    public void Add(Segment segment, long start, long length)
    {
        lock (_lock)
        {
            _queue.Enqueue(new Stretch(segment, start, length));
        }

        _work.Signal();
    }

    public ValueTask DisposeAsync() => _work.DisposeAsync();

    private StepResult Step()
    {
        Stretch next;
        lock (_lock)
        {
            if (!_queue.TryDequeue(out next))
            {
                return StepResult.Idle;
            }
        }

        // A file that is let go of meanwhile stays open until we have left.
        long inside = _gate.Enter();
        try
        {
            next.Segment.File?.BeginWriteback(next.Start, next.Length);
        }
        finally
        {
            _gate.Release(inside);
        }

        _gate.Advance();
        return StepResult.More;
    }

    private readonly record struct Stretch(Segment Segment, long Start, long Length);
}
