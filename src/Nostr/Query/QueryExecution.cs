using Mortise.Engine;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>Several filters being answered as one: the union of their results, newest first, ties by lowest
/// id.</summary>
/// <remarks>
/// One thread at a time. Memory: one cursor a key range, one entry a cursor, and the entries that share one order; for
/// filters that no newest-first family can answer, as many entries as the limit or the matches.
/// </remarks>
internal sealed class QueryExecution : IDisposable
{
    private readonly StoreView _view;
    private readonly FilterRun[] _runs;
    private readonly State[] _states;
    private readonly long _started;
    private readonly TimeProvider _time;
    private bool _isStarted;

    public QueryExecution(
        StoreView view,
        IReadOnlyList<Filter> filters,
        EventPosition? after,
        ExpiryGuard expiry,
        bool wantsRecords,
        TimeProvider time,
        CancellationToken cancellation)
    {
        _view = view;
        _time = time;
        _started = time.GetTimestamp();
        IReadOnlyList<Filter> shared = SharedFilters.Of(filters);
        _runs = new FilterRun[shared.Count];
        try
        {
            for (int i = 0; i < _runs.Length; i++)
            {
                Filter filter = shared[i];
                var window = new QueryWindow(filter, after);
                FilterPlan plan = FilterPlanner.Plan(view, filter, window);
                _runs[i] = new FilterRun(view, plan, window, expiry, wantsRecords, cancellation);
            }
        }
        catch
        {
            Dispose();
            throw;
        }

        _states = _runs.Length < 2 ? [] : new State[_runs.Length];
    }

    /// <summary>Pushes the next result.</summary>
    /// <returns>False at the end, or when the sink wants no more.</returns>
    public bool PushNext<TSink>(ref TSink sink)
        where TSink : struct, IEventSink, allows ref struct =>
        _runs.Length switch
        {
            0 => false,
            1 => _runs[0].PushNext(ref sink),
            _ => MoveNextOfAll(out FilterRun? run) && run!.PushCurrent(ref sink),
        };

    /// <summary>Pushes all results, until the sink wants no more.</summary>
    public void PushAll<TSink>(ref TSink sink)
        where TSink : struct, IEventSink, allows ref struct
    {
        if (_runs.Length == 1)
        {
            _runs[0].PushAll(ref sink);
            return;
        }

        while (PushNext(ref sink))
        {
        }
    }

    /// <summary>Moves to the next result without reading it.</summary>
    public bool MoveNext(out RecordLocation location)
    {
        FilterRun? run = _runs.Length == 1 && _runs[0].MoveNext() ? _runs[0] : null;
        bool found = run is not null || (_runs.Length > 1 && MoveNextOfAll(out run));
        location = found ? run!.Current.Location : RecordLocation.None;
        return found;
    }

    /// <summary>Counts the results that are left.</summary>
    public long Count()
    {
        long count = 0;
        while (MoveNext(out _))
        {
            count++;
        }

        return count;
    }

    /// <summary>What was planned and what was done so far.</summary>
    /// <param name="results">Results so far.</param>
    /// <param name="pagesBefore">What <see cref="PagesRead"/> was when the query began; null when
    /// nobody looked.</param>
    public QueryExplanation Explain(long results, long? pagesBefore) =>
        QueryExplanation.Of(_runs, results, PagesRead(_view) - pagesBefore, _time.GetElapsedTime(_started));

    /// <summary>Pages that all families have read from disk since the store was opened.</summary>
    public static long PagesRead(StoreView view)
    {
        long sum = 0;
        for (int i = 0; i < view.Families.Count; i++)
        {
            sum += view.Families[i].PagesRead;
        }

        return sum;
    }

    public void Dispose()
    {
        // A run is missing when planning it failed.
        foreach (FilterRun? run in _runs)
        {
            run?.Dispose();
            run?.Plan.GiveBack();
        }
    }

    private bool MoveNextOfAll(out FilterRun? first)
    {
        int best = -1;
        for (int i = 0; i < _runs.Length; i++)
        {
            if (!_isStarted || _states[i] == State.Taken)
            {
                _states[i] = _runs[i].MoveNext() ? State.Waiting : State.Ended;
            }
        }

        _isStarted = true;
        for (int i = 0; i < _runs.Length; i++)
        {
            if (_states[i] == State.Waiting && (best < 0 || IsBefore(_runs[i], _runs[best])))
            {
                best = i;
            }
        }

        first = best < 0 ? null : _runs[best];
        for (int i = 0; best >= 0 && i < _runs.Length; i++)
        {
            if (_states[i] == State.Waiting && _runs[i].Current.Location == _runs[best].Current.Location)
            {
                _states[i] = State.Taken;
            }
        }

        return best >= 0;
    }

    private static bool IsBefore(FilterRun a, FilterRun b)
    {
        int comparison = a.Current.Order.CompareTo(b.Current.Order);
        return comparison != 0
            ? comparison < 0
            : a.Current.Location != b.Current.Location && a.ReadId().CompareTo(b.ReadId()) < 0;
    }

    private enum State : byte
    {
        Ended = 0,
        Waiting = 1,
        Taken = 2,
    }
}
