namespace Mortise.Nostr;

/// <summary>A query under way, over one state of the store.</summary>
/// <remarks>
/// <para>Threads: one at a time, which may change between calls; a second one at once is refused. Dispose it: until then the
/// state that it reads cannot be dropped.</para>
/// <para>What it is made of serves other queries once it is disposed, so it is told apart from them here: this object is
/// of one query only, and a call on a disposed one ends before it reaches anything shared. Disposed from another thread, or
/// by the sink, while a call runs, it is closed when that call returns.</para>
/// </remarks>
public sealed class EventQuery : IDisposable
{
    private const int Idle = 0;
    private const int InCall = 1;
    private const int ClosesAfterCall = 2;
    private const int Closed = 3;

    private readonly QueryFrame _frame;
    private int _state;

    /// <param name="frame">Begun; the query disposes it.</param>
    internal EventQuery(QueryFrame frame)
    {
        _frame = frame;
        Lsn = frame.View.Lsn;
    }

    /// <summary>The last commit that the query sees.</summary>
    public Lsn Lsn { get; }

    /// <summary>Shows the next event in place.</summary>
    /// <param name="sink">Receives it. It may dispose the query, but not ask it for more.</param>
    /// <returns>False at the end, and when the sink wants no more: the sink knows which.</returns>
    /// <exception cref="ObjectDisposedException">The query is disposed; so for all methods.</exception>
    /// <exception cref="InvalidOperationException">Another call is under way; so for all methods.</exception>
    public bool PushNext<TSink>(ref TSink sink)
        where TSink : struct, IEventSink, allows ref struct
    {
        QueryExecution execution = Enter();
        try
        {
            return execution.PushNext(ref sink);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Counts the events that are left. Where keys decide, no record is read.</summary>
    public long Count()
    {
        QueryExecution execution = Enter();
        try
        {
            return execution.Count();
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>The plan, with what was done so far.</summary>
    /// <param name="results">Events shown or counted so far.</param>
    /// <returns>A copy: it stays as it is when the query goes on or is disposed.</returns>
    public QueryExplanation Explain(long results)
    {
        QueryExecution execution = Enter();
        try
        {
            return execution.Explain(results, pagesBefore: null);
        }
        finally
        {
            Leave();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        int seen = Volatile.Read(ref _state);
        while (seen is Idle or InCall)
        {
            int next = seen == InCall ? ClosesAfterCall : Closed;
            int found = Interlocked.CompareExchange(ref _state, next, seen);
            if (found == seen)
            {
                if (next == Closed)
                {
                    _frame.Dispose();
                }

                return;
            }

            seen = found;
        }
    }

    private QueryExecution Enter()
    {
        int seen = Interlocked.CompareExchange(ref _state, InCall, Idle);
        ObjectDisposedException.ThrowIf(seen is ClosesAfterCall or Closed, this);
        return seen == Idle
            ? _frame.Execution
            : throw new InvalidOperationException(
                "a call of this query is under way: it serves one thread at a time, and no sink that it calls");
    }

    private void Leave()
    {
        if (Interlocked.CompareExchange(ref _state, Idle, InCall) == ClosesAfterCall)
        {
            Volatile.Write(ref _state, Closed);
            _frame.Dispose();
        }
    }
}
