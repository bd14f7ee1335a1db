using System.Runtime.CompilerServices;
using Mortise.Records;

namespace Mortise.Segments;

/// <summary>Knows when nobody can still be reading what was taken away.</summary>
/// <remarks>
/// <para>Role: readers enter and leave without a lock and without sharing a written cache line; what a writer has
/// unpublished is released once every reader that was inside has left. Two phases alternate: a release waits until the
/// counters of the phase that was current when it was asked for are all zero.</para>
/// <para>Threads: all members from any thread. Nothing here waits.</para>
/// <para>Source: sleepable read-copy-update (McKenney, "Sleepable RCU", 2006), with a re-check of the phase on entry in
/// place of its second flip.</para>
/// </remarks>
internal sealed class ReaderGate : IRecordLeaseOwner
{
    private const int Stripes = 32;

    // 128 bytes: two cache lines, because the processor fetches them in pairs.
    private const int StripeLongs = 16;

    private readonly long[] _inside = new long[2 * Stripes * StripeLongs];
    private readonly Lock _lock = new();
    private List<Action> _arriving = [];
    private List<Action> _waiting = [];
    private int _phase;
    private volatile bool _closed;

    /// <summary>Enters; hand the token to <see cref="Release"/> exactly once.</summary>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public long Enter()
    {
        int stripe = Environment.CurrentManagedThreadId & (Stripes - 1);
        while (true)
        {
            int phase = Volatile.Read(ref _phase);
            long token = (phase * Stripes + stripe) * StripeLongs;
            Interlocked.Increment(ref _inside[token]);
            if (_closed)
            {
                Release(token);
                throw new ObjectDisposedException(SegmentFormat.ComponentId);
            }

            if (Volatile.Read(ref _phase) == phase)
            {
                return token;
            }

            Interlocked.Decrement(ref _inside[token]);
        }
    }

    /// <inheritdoc/>
    public void Release(long token)
    {
        Interlocked.Decrement(ref _inside[token]);
        if (_closed)
        {
            Advance();
        }
    }

    /// <summary>Releases something once no reader that may know it is inside. It must be unpublished already.</summary>
    public void Retire(Action release)
    {
        lock (_lock)
        {
            _arriving.Add(release);
        }

        Advance();
    }

    /// <summary>Turns readers away from now on, and releases what is left when the last one leaves.</summary>
    public void Close(Action release)
    {
        _closed = true;
        Retire(release);
        Advance();
    }

    /// <summary>Releases what can be released by now. Cheap when there is nothing.</summary>
    public void Advance()
    {
        while (true)
        {
            List<Action> ready;
            lock (_lock)
            {
                if (_waiting.Count == 0)
                {
                    if (_arriving.Count == 0)
                    {
                        return;
                    }

                    (_arriving, _waiting) = (_waiting, _arriving);
                    Interlocked.Exchange(ref _phase, _phase ^ 1);
                }

                if (!IsEmpty(_phase ^ 1))
                {
                    return;
                }

                ready = _waiting;
                _waiting = [];
            }

            foreach (Action release in ready)
            {
                release();
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool IsEmpty(int phase)
    {
        for (int stripe = 0; stripe < Stripes; stripe++)
        {
            if (Volatile.Read(ref _inside[(phase * Stripes + stripe) * StripeLongs]) != 0)
            {
                return false;
            }
        }

        return true;
    }
}
