using Mortise.Engine;
using Mortise.Indexing;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>Events found in no useful order, by id or by reading all, checked and sorted before the first is given
/// out.</summary>
/// <remarks>Holds at most as many entries as the limit asks for, or as there are matches; of an ended stream, few.</remarks>
internal sealed class SortedStream : EntryStream
{
    // What an ended stream keeps room for.
    private const int MaxSpare = 512;

    // Orders by descending rank, so that the front of the queue is what a better entry pushes out.
    private static readonly Comparer<Found> s_worstFirst = Comparer<Found>.Create(static (a, b) => b.CompareTo(a));

    private readonly PriorityQueue<Found, Found> _worstFirst = new(s_worstFirst);
    private readonly List<Found> _found = [];
    private StoreView _view = null!;
    private FilterPlan _plan;
    private QueryWindow _window;
    private EntryGuard _guard;
    private CancellationToken _cancellation;
    private bool _hasFound;
    private int _next;
    private int _partitions;

    /// <summary>Begins.</summary>
    public void Begin(
        StoreView view,
        in FilterPlan plan,
        in QueryWindow window,
        EntryGuard guard,
        CancellationToken cancellation)
    {
        _view = view;
        _plan = plan;
        _window = window;
        _guard = guard;
        _cancellation = cancellation;
    }

    public override bool IsFinal => true;

    public override long Partitions => _partitions;

    public override bool MoveNext(out Entry entry)
    {
        if (!_hasFound)
        {
            FindAll();
            _hasFound = true;
        }

        if (_next == _found.Count)
        {
            entry = default;
            return false;
        }

        entry = new Entry(_found[_next].Order, _found[_next].Location);
        _next++;
        return true;
    }

    public override void End()
    {
        base.End();
        _worstFirst.Clear();
        _found.Clear();
        if (_worstFirst.EnsureCapacity(0) > MaxSpare)
        {
            _worstFirst.TrimExcess();
            _found.Capacity = 0;
        }

        _view = null!;
        _plan = default;
        _window = default;
        _guard = default;
        _cancellation = default;
        _hasFound = false;
        _next = 0;
        _partitions = 0;
    }

    private void FindAll()
    {
        _worstFirst.Clear();
        if (_plan.Path is { } path)
        {
            FindPoints(path);
        }
        else
        {
            FindByReadingAll(_plan.Fallback);
        }

        while (_worstFirst.TryDequeue(out Found found, out _))
        {
            _found.Add(found);
        }

        _found.Reverse();
    }

    private void FindPoints(AccessPath path)
    {
        for (int i = 0; i < path.Count; i++)
        {
            _cancellation.ThrowIfCancellationRequested();
            Examined++;
            if (path.Family.TryFind(path.Prefix(i), out RecordLocation location))
            {
                Examine(location);
            }
        }
    }

    private void FindByReadingAll(FamilyView family)
    {
        using FamilyCursor cursor = family.OpenCursor(KeyRange.All, _window.Ordinals, EntryOrder.ByKey);
        while (cursor.MoveNext())
        {
            _cancellation.ThrowIfCancellationRequested();
            Examined++;
            Examine(cursor.Location);
        }

        _partitions = cursor.PartitionsOpened;
    }

    private void Examine(RecordLocation location)
    {
        if (_guard.Hides(location))
        {
            return;
        }

        Records++;
        using RecordLease lease = _view.Records.Read(location);
        EventView view = EventView.Open(lease.Bytes);
        if (!FilterMatch.Matches(_plan.Filter, _plan.Residual, view, _plan.Search) || _guard.Hides(view))
        {
            return;
        }

        var found = new Found(OrderKey.Of(view.CreatedAt, view.Id), Id32.Read(view.Id), location);
        if (_window.After is { } after
            && found.CompareTo(new Found(after.Order, Id32.Read(after.Id), default)) <= 0)
        {
            return;
        }

        if (_worstFirst.Count < (_plan.Filter.Limit ?? int.MaxValue))
        {
            _worstFirst.Enqueue(found, found);
        }
        else if (found.CompareTo(_worstFirst.Peek()) < 0)
        {
            _worstFirst.EnqueueDequeue(found, found);
        }
    }

    private readonly record struct Found(OrderKey Order, Id32 Id, RecordLocation Location) : IComparable<Found>
    {
        public int CompareTo(Found other)
        {
            int comparison = Order.InvertedTime.CompareTo(other.Order.InvertedTime);
            return comparison != 0 ? comparison : Id.CompareTo(other.Id);
        }
    }
}
