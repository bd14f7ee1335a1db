using System.Runtime.InteropServices;
using Mortise.Engine;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>Several filters being answered as one: the union of their results, newest first, ties by lowest
/// id.</summary>
/// <remarks>
/// One thread at a time. Memory: a few entries a key range, and the entries that share one order; for filters that no
/// newest-first family can answer, as many entries as the limit or the matches. It owns the runs of its filters, and is
/// begun again after its end: see <see cref="QueryFrame"/>.
/// </remarks>
internal sealed class QueryExecution : IDisposable
{
    // Runs that an ended query keeps for the next; requests rarely have more filters.
    private const int MaxSpareRuns = 16;

    private readonly List<FilterRun> _runs = [];
    private readonly List<Filter> _shared = [];
    private State[] _states = [];
    private int _count;
    private StoreView? _view;
    private TimeProvider _time = null!;
    private long _started;
    private bool _isStarted;

    /// <summary>Begins one that is used once.</summary>
    /// <inheritdoc cref="Begin"/>
    public static QueryExecution Once(
        StoreView view,
        IReadOnlyList<Filter> filters,
        EventPosition? after,
        EntryGuard guard,
        bool wantsRecords,
        TimeProvider time,
        CancellationToken cancellation)
    {
        var execution = new QueryExecution();
        execution.Begin(view, filters, after, guard, wantsRecords, time, cancellation);
        return execution;
    }

    /// <summary>Plans and begins; the one before has ended.</summary>
    /// <exception cref="ArgumentException">A filter cannot be answered by this stack; it has ended then.</exception>
    public void Begin(
        StoreView view,
        IReadOnlyList<Filter> filters,
        EventPosition? after,
        EntryGuard guard,
        bool wantsRecords,
        TimeProvider time,
        CancellationToken cancellation)
    {
        _view = view;
        _time = time;
        _started = time.GetTimestamp();
        try
        {
            IReadOnlyList<Filter> shared = SharedFilters.Of(filters, _shared);
            for (; _count < shared.Count; _count++)
            {
                if (_count == _runs.Count)
                {
                    _runs.Add(new FilterRun());
                }

                _runs[_count].Begin(view, shared[_count], after, guard, wantsRecords, cancellation);
            }
        }
        catch
        {
            Dispose();
            throw;
        }

        if (_count > _states.Length)
        {
            _states = new State[_count];
        }
    }

    /// <summary>Pushes the next result.</summary>
    /// <returns>False at the end, or when the sink wants no more.</returns>
    public bool PushNext<TSink>(ref TSink sink)
        where TSink : struct, IEventSink, allows ref struct =>
        _count switch
        {
            0 => false,
            1 => _runs[0].PushNext(ref sink),
            _ => MoveNextOfAll(out FilterRun? run) && run!.PushCurrent(ref sink),
        };

    /// <summary>Pushes all results, until the sink wants no more.</summary>
    public void PushAll<TSink>(ref TSink sink)
        where TSink : struct, IEventSink, allows ref struct
    {
        if (_count == 1)
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
        FilterRun? run = _count == 1 && _runs[0].MoveNext() ? _runs[0] : null;
        bool found = run is not null || (_count > 1 && MoveNextOfAll(out run));
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
        QueryExplanation.Of(CollectionsMarshal.AsSpan(_runs)[.._count], results, PagesRead(_view!) - pagesBefore, _time.GetElapsedTime(_started));

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

    /// <summary>Ends, also when it did not begin whole, or not at all. It may be begun again.</summary>
    public void Dispose()
    {
        if (_view is null)
        {
            return;
        }

        // The run behind the last one may have begun in part.
        foreach (FilterRun run in CollectionsMarshal.AsSpan(_runs)[..Math.Min(_count + 1, _runs.Count)])
        {
            run.Dispose();
        }

        if (_runs.Count > MaxSpareRuns)
        {
            _runs.RemoveRange(MaxSpareRuns, _runs.Count - MaxSpareRuns);
        }

        _shared.Clear();
        _count = 0;
        _isStarted = false;
        _view = null;
    }

    private bool MoveNextOfAll(out FilterRun? first)
    {
        int best = -1;
        for (int i = 0; i < _count; i++)
        {
            if (!_isStarted || _states[i] == State.Taken)
            {
                _states[i] = _runs[i].MoveNext() ? State.Waiting : State.Ended;
            }
        }

        _isStarted = true;
        for (int i = 0; i < _count; i++)
        {
            if (_states[i] == State.Waiting && (best < 0 || IsBefore(_runs[i], _runs[best])))
            {
                best = i;
            }
        }

        first = best < 0 ? null : _runs[best];
        for (int i = 0; best >= 0 && i < _count; i++)
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
