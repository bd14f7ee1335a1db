using Mortise.Engine;

namespace Mortise.Nostr;

/// <summary>A query under way, over one state of the store.</summary>
/// <remarks>Threads: one at a time, which may change between calls. Dispose it: until then the state that it reads
/// cannot be dropped.</remarks>
public sealed class EventQuery : IDisposable
{
    private readonly StoreView _view;
    private readonly QueryExecution _run;
    private bool _disposed;

    internal EventQuery(StoreView view, QueryExecution run)
    {
        _view = view;
        _run = run;
    }

    /// <summary>The last commit that the query sees.</summary>
    public Lsn Lsn => _view.Lsn;

    /// <summary>Shows the next event in place.</summary>
    /// <param name="sink">Receives it.</param>
    /// <returns>False at the end, and when the sink wants no more: the sink knows which.</returns>
    public bool PushNext<TSink>(ref TSink sink)
        where TSink : struct, IEventSink, allows ref struct
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _run.PushNext(ref sink);
    }

    /// <summary>Counts the events that are left. Where keys decide, no record is read.</summary>
    public long Count()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _run.Count();
    }

    /// <summary>The plan, with what was done so far.</summary>
    /// <param name="results">Events shown or counted so far.</param>
    public QueryExplanation Explain(long results)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _run.Explain(results, pagesBefore: null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _run.Dispose();
            _view.Dispose();
        }
    }
}
