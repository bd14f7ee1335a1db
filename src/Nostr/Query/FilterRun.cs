using Mortise.Engine;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>One filter being answered: entries in exact order, each once, checked and counted against the
/// limit.</summary>
/// <remarks>
/// Keys order events by time and the first 8 bytes of their ids. Neighbours that agree in both are told apart by their
/// whole ids, which are read from their records; that is rare unless somebody grinds ids, and exact even then.
/// It owns what answering takes, streams and buffers, and is begun again after its end.
/// </remarks>
internal sealed class FilterRun : IDisposable
{
    // Entries of one order that an ended run keeps room for.
    private const int MaxSpareGroup = 64;

    private readonly PathOffers _offers = new();
    private readonly List<(Id32 Id, Entry Entry)> _group = [];
    private MergeStream? _firstMerge;
    private MergeStream? _secondMerge;
    private IntersectStream? _intersection;
    private SortedStream? _sorted;
    private RecordPortion? _ownPortion;

    private StoreView _view = null!;
    private FilterPlan _plan;
    private EventPosition? _after;
    private EntryGuard _guard;
    private EntryStream _stream = null!;
    private RecordPortion? _portion;
    private CancellationToken _cancellation;
    private bool _readsRecords;
    private bool _wantsRecords;
    private int _groupNext;
    private Entry _ahead;
    private bool _hasAhead;
    private int _left;
    private Entry _current;

    /// <summary>Plans and begins.</summary>
    /// <exception cref="ArgumentException">The filter cannot be answered by this stack; the run has to be ended.</exception>
    public void Begin(
        StoreView view,
        Filter filter,
        EventPosition? after,
        EntryGuard guard,
        bool wantsRecords,
        CancellationToken cancellation)
    {
        var window = new QueryWindow(filter, after);
        FilterPlan plan = FilterPlanner.Plan(view, filter, window, _offers);
        Begin(view, plan, window, guard, wantsRecords, cancellation);
    }

    /// <summary>Begins a plan, whose paths somebody else may own.</summary>
    public void Begin(
        StoreView view,
        in FilterPlan plan,
        in QueryWindow window,
        EntryGuard guard,
        bool wantsRecords,
        CancellationToken cancellation)
    {
        _view = view;
        _plan = plan;
        _after = window.After;
        _guard = guard;
        _cancellation = cancellation;
        _left = plan.Filter.Limit ?? int.MaxValue;
        bool checksRecords = !plan.Residual.IsEmpty || guard.AsksRecords;
        _stream = !plan.IsOrdered ? BeginSorted(window)
            : plan.Second is null ? BeginMerge(window, wantsRecords || checksRecords, isExact: !checksRecords)
            : BeginIntersection(window);
        _readsRecords = checksRecords && !_stream.IsFinal;
        _wantsRecords = wantsRecords;

        // Records that come with their entries are shown from there.
        _portion = (_readsRecords || wantsRecords) && !_stream.KeepsRecords
            ? _ownPortion ??= new RecordPortion()
            : null;
    }

    public ref readonly FilterPlan Plan => ref _plan;

    public long Examined => _stream.Examined;

    public long Partitions => _stream.Partitions;

    /// <summary>Records read, inline ones not counted.</summary>
    public long Records => _records + _stream.Records;

    /// <summary>Records that the index kept.</summary>
    public long InlineRecords { get; private set; }

    public long Results { get; private set; }

    /// <summary>The entry that the last <see cref="MoveNext"/> found.</summary>
    public ref readonly Entry Current => ref _current;

    private long _records;

    /// <summary>Moves to the next result. Where records are needed, those of a portion are read in one call.</summary>
    public bool MoveNext()
    {
        if (_portion is not null)
        {
            return MoveToRead(_portion);
        }

        while (MoveToCandidate())
        {
            if (_readsRecords)
            {
                using RecordLease lease = Lease();
                EventView view = EventView.Open(lease.Bytes);
                if (!IsResult(view))
                {
                    continue;
                }
            }

            Count();
            return true;
        }

        return false;
    }

    /// <summary>Moves to the next result and pushes it.</summary>
    /// <returns>False at the end, or when the sink wants no more.</returns>
    public bool PushNext<TSink>(ref TSink sink)
        where TSink : struct, IEventSink, allows ref struct
    {
        if (_portion is not null)
        {
            return MoveToRead(_portion) && PushCurrent(ref sink);
        }

        while (MoveToCandidate())
        {
            using RecordLease lease = Lease();
            EventView view = EventView.Open(lease.Bytes);
            if (_readsRecords && !IsResult(view))
            {
                continue;
            }

            Count();
            return sink.Accept(view);
        }

        return false;
    }

    /// <summary>Pushes all results from the first on, until the sink wants no more. Records are read in portions, and
    /// shown where they are.</summary>
    public void PushAll<TSink>(ref TSink sink)
        where TSink : struct, IEventSink, allows ref struct
    {
        if (_portion is null)
        {
            while (PushNext(ref sink))
            {
            }

            return;
        }

        while (TryCollect(_portion, RecordPortion.MaxEntries))
        {
            var records = new CheckedRecords<TSink>(this, sink);
            _records += _portion.PushTo(_view.Records, ref records);
            sink = records.Sink;
            if (records.IsStopped)
            {
                return;
            }
        }
    }

    /// <summary>Pushes the current result.</summary>
    public bool PushCurrent<TSink>(ref TSink sink)
        where TSink : struct, IEventSink, allows ref struct
    {
        if (_portion is not null)
        {
            EventView kept = EventView.Open(_portion.Record(_current));
            return sink.Accept(kept);
        }

        using RecordLease lease = Lease();
        EventView view = EventView.Open(lease.Bytes);
        return sink.Accept(view);
    }

    /// <summary>The whole id of the current result.</summary>
    public Id32 ReadId() => ReadId(_current);

    /// <summary>Ends: gives back what was borrowed, lets go of what it refers to. It may be begun again.</summary>
    public void Dispose()
    {
        _firstMerge?.End();
        _secondMerge?.End();
        _intersection?.End();
        _sorted?.End();
        _ownPortion?.End();
        _offers.End();
        _group.Clear();
        _group.Capacity = Math.Min(_group.Capacity, MaxSpareGroup);
        _groupNext = 0;
        _hasAhead = false;
        _records = 0;
        InlineRecords = 0;
        Results = 0;
        _view = null!;
        _plan = default;
        _after = null;
        _guard = default;
        _stream = null!;
        _portion = null;
        _cancellation = default;
    }

    private SortedStream BeginSorted(in QueryWindow window)
    {
        _sorted ??= new SortedStream();
        _sorted.Begin(_view, _plan, window, _guard, _cancellation);
        return _sorted;
    }

    private MergeStream BeginMerge(in QueryWindow window, bool wantsRecords, bool isExact)
    {
        _firstMerge ??= new MergeStream();
        _firstMerge.Begin(_plan.Path!, window, PortionSizing.For(_plan.Filter.Limit, isExact), wantsRecords);
        return _firstMerge;
    }

    private IntersectStream BeginIntersection(in QueryWindow window)
    {
        _firstMerge ??= new MergeStream();
        _secondMerge ??= new MergeStream();
        _firstMerge.Begin(_plan.Path!, window, PortionSizing.Leaping, wantsRecords: false);
        _secondMerge.Begin(_plan.Second!, window, PortionSizing.Leaping, wantsRecords: false);
        return _intersection ??= new IntersectStream(_firstMerge, _secondMerge);
    }

    private bool IsResult(in EventView view) =>
        FilterMatch.Matches(_plan.Filter, _plan.Residual, view, _plan.Search) && !_guard.Hides(view);

    private void Count()
    {
        Results++;
        _left--;
    }

    private bool MoveToCandidate()
    {
        while (_left > 0 && MoveToDistinct())
        {
            _cancellation.ThrowIfCancellationRequested();
            if (_stream.IsFinal || !_guard.Hides(_current.Location))
            {
                return true;
            }
        }

        return false;
    }

    private bool MoveToDistinct()
    {
        if (_stream.IsFinal)
        {
            return _stream.MoveNext(out _current);
        }

        while (true)
        {
            if (_groupNext < _group.Count)
            {
                _current = _group[_groupNext++].Entry;
                return true;
            }

            if (!_hasAhead && !_stream.MoveNext(out _ahead))
            {
                return false;
            }

            _current = _ahead;
            _hasAhead = _stream.MoveNext(out _ahead);
            if (!_hasAhead || _ahead.Order != _current.Order)
            {
                if (_after is null
                    || _current.Order != _after.Order
                    || ReadId(_current).CompareTo(Id32.Read(_after.Id)) > 0)
                {
                    return true;
                }

                continue;
            }

            CollectGroup();
        }
    }

    /// <summary>Collects the entries that share the current order, each record once, sorted by whole id.</summary>
    private void CollectGroup()
    {
        _group.Clear();
        _groupNext = 0;
        Entry last = _current with { InlineSlot = -1 };
        bool several = false;
        while (_hasAhead && _ahead.Order == last.Order)
        {
            if (_ahead.Location != last.Location)
            {
                several = true;
                AddToGroup(last);
                last = _ahead with { InlineSlot = -1 };
            }

            _hasAhead = _stream.MoveNext(out _ahead);
        }

        if (several || _after is not null)
        {
            AddToGroup(last);
            _group.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        }
        else
        {
            _group.Add((default, last));
        }
    }

    private void AddToGroup(in Entry entry)
    {
        Id32 id = ReadId(entry);
        if (_after is null || entry.Order != _after.Order || id.CompareTo(Id32.Read(_after.Id)) > 0)
        {
            _group.Add((id, entry));
        }
    }

    private Id32 ReadId(in Entry entry)
    {
        _records++;
        using RecordLease lease = _view.Records.Read(entry.Location);
        return Id32.Read(EventView.Open(lease.Bytes).Id);
    }

    private RecordLease Lease()
    {
        ReadOnlySpan<byte> inline = _stream.Inline(_current);
        if (!inline.IsEmpty)
        {
            InlineRecords++;
            return new RecordLease(inline, default);
        }

        _records++;
        return _view.Records.Read(_current.Location);
    }

    private bool MoveToRead(RecordPortion portion)
    {
        while (!portion.TryTake(out _current))
        {
            if (portion.IsExamined && !TryCollect(portion, portion.NextSize()))
            {
                return false;
            }

            _records += portion.Read(_view.Records, new ResultCheck(this), _wantsRecords);
        }

        Count();
        return true;
    }

    /// <summary>Collects candidates, never more than results may follow.</summary>
    private bool TryCollect(RecordPortion portion, int most)
    {
        portion.Begin();
        most = Math.Min(_left, most);
        int count = 0;
        while (count < most && MoveToCandidate())
        {
            portion.Add(_current);
            count++;
        }

        return count > 0;
    }

    private readonly struct ResultCheck(FilterRun run) : IRecordCheck
    {
        public bool IsResult(ReadOnlySpan<byte> record) => !run._readsRecords || run.IsResult(EventView.Open(record));
    }

    // Holds the sink itself, because no field can refer to a ref struct.
    private ref struct CheckedRecords<TSink>(FilterRun run, TSink sink) : IRecordSink
        where TSink : struct, IEventSink, allows ref struct
    {
        public TSink Sink = sink;

        public bool IsStopped { get; private set; }

        public bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info)
        {
            EventView view = EventView.Open(record);
            if (run._readsRecords && !run.IsResult(view))
            {
                return true;
            }

            run.Count();
            IsStopped = !Sink.Accept(view);
            return !IsStopped;
        }
    }
}
