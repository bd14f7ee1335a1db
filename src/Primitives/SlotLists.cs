namespace Mortise.Primitives;

/// <summary>Several doubly linked lists over the slots of a cache: each slot is in one of them, or in none.</summary>
/// <remarks>The links are an array indexed by slot, 20 bytes each, so there is no object an item, and nothing is allocated
/// once the slots have stopped growing. Every member costs O(1). One thread at a time.</remarks>
public sealed class SlotLists
{
    /// <summary>The list of a slot that is in none.</summary>
    public const int Nowhere = -1;

    private const int FirstAllocation = 64;

    // Each list is circular through a sentinel at nodes 0 to lists - 1; slot s is node s + lists.
    private readonly int _lists;
    private readonly long[] _weights;
    private readonly int[] _counts;
    private Node[] _nodes;

    /// <summary>Makes empty lists.</summary>
    /// <param name="lists">How many lists; 1 and up.</param>
    public SlotLists(int lists)
    {
        _lists = lists;
        _weights = new long[lists];
        _counts = new int[lists];
        _nodes = new Node[FirstAllocation + lists];
        for (int i = 0; i < lists; i++)
        {
            _nodes[i] = new Node { Next = i, Previous = i, List = Nowhere };
        }

        Clear(lists);
    }

    /// <summary>Slots there is room for.</summary>
    public int Capacity => _nodes.Length - _lists;

    /// <summary>The list that a slot is in, or <see cref="Nowhere"/>.</summary>
    public int ListOf(int slot) => (uint)slot < (uint)Capacity ? _nodes[slot + _lists].List : Nowhere;

    /// <summary>Slots in all lists.</summary>
    public int TotalCount { get; private set; }

    /// <summary>The weights of all lists' slots together.</summary>
    public long TotalWeight { get; private set; }

    /// <summary>Slots in a list.</summary>
    public int Count(int list) => _counts[list];

    /// <summary>The weights of a list's slots together.</summary>
    public long Weight(int list) => _weights[list];

    /// <summary>The weight of a slot that is in a list.</summary>
    public int WeightOf(int slot) => _nodes[slot + _lists].Weight;

    /// <summary>A number that the owner keeps with a slot; 0 at insertion.</summary>
    public ref int Mark(int slot) => ref _nodes[slot + _lists].Mark;

    /// <summary>Puts a slot that is in no list into one.</summary>
    /// <param name="slot">0 and up.</param>
    /// <param name="weight">Its weight.</param>
    /// <param name="list">Which list.</param>
    /// <param name="isFront">True for the front, false for the back.</param>
    public void Add(int slot, int weight, int list, bool isFront)
    {
        int index = slot + _lists;
        if (index >= _nodes.Length)
        {
            int before = _nodes.Length;
            Array.Resize(ref _nodes, (int)Math.Min(Array.MaxLength, Math.Max(2L * before, index + 1L)));
            Clear(before);
        }

        _nodes[index].Weight = weight;
        _nodes[index].Mark = 0;
        TotalCount++;
        TotalWeight += weight;
        Link(index, list, isFront);
    }

    /// <summary>Moves a slot to the front or back of a list, its own or another.</summary>
    public void Move(int slot, int list, bool isFront)
    {
        Unlink(slot + _lists);
        Link(slot + _lists, list, isFront);
    }

    /// <summary>Takes a slot out of its list.</summary>
    public void Remove(int slot)
    {
        Unlink(slot + _lists);
        _nodes[slot + _lists].List = Nowhere;
        TotalCount--;
        TotalWeight -= _nodes[slot + _lists].Weight;
    }

    /// <summary>The last slot of a list; -1 when it is empty.</summary>
    public int Back(int list) => Math.Max(-1, _nodes[list].Previous - _lists);

    /// <summary>Walks everything and checks links, sums and counts against each other; for tests.</summary>
    public void CheckInvariants()
    {
        int listed = 0;
        for (int list = 0; list < _lists; list++)
        {
            int count = 0;
            long weight = 0;
            for (int at = _nodes[list].Next; at != list; at = _nodes[at].Next)
            {
                Invariant.Holds(_nodes[at].List == list && _nodes[_nodes[at].Next].Previous == at);
                weight += _nodes[at].Weight;
                Invariant.Holds(++count <= _counts[list]);
            }

            Invariant.Holds(count == _counts[list] && weight == _weights[list]);
            listed += count;
        }

        int resident = 0;
        foreach (ref readonly Node node in _nodes.AsSpan(_lists))
        {
            resident += node.List == Nowhere ? 0 : 1;
        }

        Invariant.Holds(listed == TotalCount && resident == TotalCount && _weights.Sum() == TotalWeight);
    }

    private void Link(int index, int list, bool isFront)
    {
        int before = isFront ? list : _nodes[list].Previous;
        int after = _nodes[before].Next;
        ref Node node = ref _nodes[index];
        node.Previous = before;
        node.Next = after;
        node.List = list;
        _nodes[before].Next = index;
        _nodes[after].Previous = index;
        _weights[list] += node.Weight;
        _counts[list]++;
    }

    private void Unlink(int index)
    {
        ref Node node = ref _nodes[index];
        _nodes[node.Previous].Next = node.Next;
        _nodes[node.Next].Previous = node.Previous;
        _weights[node.List] -= node.Weight;
        _counts[node.List]--;
    }

    private void Clear(int from)
    {
        foreach (ref Node node in _nodes.AsSpan(from))
        {
            node.List = Nowhere;
        }
    }

    private struct Node
    {
        public int Previous;
        public int Next;
        public int Weight;
        public int List;
        public int Mark;
    }
}
