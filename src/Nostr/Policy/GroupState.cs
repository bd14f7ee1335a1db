using Mortise.Engine;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>What the writes of one group have decided so far, on top of the stored state.</summary>
/// <remarks>
/// A function of the operations that were added to the commit: when a write fails and the engine takes its operations
/// back, or when a deletion request is deleted itself, everything is derived anew from those that are left.
/// </remarks>
internal sealed class GroupState
{
    private readonly List<Operation> _operations = [];
    private readonly HashSet<RecordLocation> _deleted = [];
    private readonly Dictionary<Id32, PendingRecord> _live = [];
    private readonly Dictionary<byte[], List<PendingRecord>> _versions = new(BytesComparer.Instance);
    private readonly HashSet<(Id32 Target, Id32 Author)> _deletedIds = [];
    private readonly Dictionary<byte[], long> _deletedAddresses = new(BytesComparer.Instance);
    private readonly Dictionary<Id32, long> _vanished = [];
    private readonly DeletionTargets _targets;
    private CommitBuilder? _commit;

    public GroupState(DeletionTargets targets) => _targets = targets;

    /// <summary>The records that the group puts and has not deleted.</summary>
    public IReadOnlyCollection<PendingRecord> Live => _live.Values;

    public void Begin()
    {
        _operations.Clear();
        Clear();
    }

    /// <summary>Takes back what the engine took back since the last write.</summary>
    public void Reconcile(CommitBuilder commit)
    {
        _commit = commit;
        if (commit.OperationCount < _operations.Count)
        {
            _operations.RemoveRange(commit.OperationCount, _operations.Count - commit.OperationCount);
            Rebuild();
        }
    }

    public void Put(in EventView @event)
    {
        PendingRecord record = _commit!.Put(@event.Record);
        _operations.Add(new Operation(OperationKind.Put, record, default));
        AddLive(record);
    }

    public void Delete(RecordLocation location)
    {
        if (_deleted.Add(location))
        {
            _commit!.Delete(location);
            _operations.Add(new Operation(OperationKind.DeleteStored, default, location));
        }
    }

    public void Delete(PendingRecord record)
    {
        _commit!.Delete(record);
        _operations.Add(new Operation(OperationKind.DeletePending, record, default));
        EventView view = View(record);
        if (view.Kind is EventKinds.Deletion or EventKinds.Vanish)
        {
            // What it asked for may have been asked for by others too.
            Rebuild();
            return;
        }

        _live.Remove(Id32.Read(view.Id));
        Span<byte> address = stackalloc byte[EventAddress.MaxBytes];
        if (EventAddress.Write(view, address, out _) is int length and > 0)
        {
            _versions[address[..length].ToArray()].Remove(record);
        }
    }

    public bool IsDeleted(RecordLocation location) => _deleted.Contains(location);

    public bool TryFind(Id32 id, out PendingRecord record) => _live.TryGetValue(id, out record);

    public EventView View(PendingRecord record) => EventView.Open(_commit!.Bytes(record));

    /// <summary>The versions of an address that the group puts; the list changes with the next decision.</summary>
    public IReadOnlyList<PendingRecord> Versions(ReadOnlySpan<byte> address) =>
        _versions.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(address, out List<PendingRecord>? records)
            ? records
            : [];

    public bool IsDeletedById(Id32 id, Id32 author) => _deletedIds.Contains((id, author));

    /// <summary>The newest request to delete an address; -1 for none.</summary>
    public long AddressDeletion(ReadOnlySpan<byte> address) =>
        _deletedAddresses.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(address, out long at) ? at : -1;

    /// <summary>The newest request of an author to vanish from here; -1 for none.</summary>
    public long Vanished(Id32 author) => _vanished.TryGetValue(author, out long at) ? at : -1;

    private void AddLive(PendingRecord record)
    {
        EventView view = View(record);
        _live[Id32.Read(view.Id)] = record;
        Span<byte> address = stackalloc byte[EventAddress.MaxBytes];
        int length = EventAddress.Write(view, address, out _);
        if (length > 0)
        {
            byte[] key = address[..length].ToArray();
            if (!_versions.TryGetValue(key, out List<PendingRecord>? versions))
            {
                _versions.Add(key, versions = []);
            }

            versions.Add(record);
        }

        if (view.Kind is EventKinds.Deletion or EventKinds.Vanish)
        {
            AddRequest(view);
        }
    }

    private void AddRequest(in EventView view)
    {
        Id32 author = Id32.Read(view.PublicKey);
        if (view.Kind == EventKinds.Vanish)
        {
            if (_targets.NamesThisStore(view))
            {
                _vanished[author] = Math.Max(Vanished(author), view.CreatedAt);
            }

            return;
        }

        foreach (Id32 id in DeletionTargets.Ids(view))
        {
            _deletedIds.Add((id, author));
        }

        foreach (byte[] address in DeletionTargets.Addresses(view))
        {
            _deletedAddresses[address] = Math.Max(AddressDeletion(address), view.CreatedAt);
        }
    }

    private void Rebuild()
    {
        Clear();
        var dead = new HashSet<PendingRecord>();
        foreach (Operation operation in _operations)
        {
            if (operation.Kind == OperationKind.DeletePending)
            {
                dead.Add(operation.Record);
            }
        }

        foreach (Operation operation in _operations)
        {
            if (operation.Kind == OperationKind.DeleteStored)
            {
                _deleted.Add(operation.Location);
            }
            else if (operation.Kind == OperationKind.Put && !dead.Contains(operation.Record))
            {
                AddLive(operation.Record);
            }
        }
    }

    private void Clear()
    {
        _deleted.Clear();
        _live.Clear();
        _versions.Clear();
        _deletedIds.Clear();
        _deletedAddresses.Clear();
        _vanished.Clear();
    }

    private enum OperationKind
    {
        Put = 1,
        DeleteStored = 2,
        DeletePending = 3,
    }

    private readonly record struct Operation(OperationKind Kind, PendingRecord Record, RecordLocation Location);

    private sealed class BytesComparer
        : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static BytesComparer Instance { get; } = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate) => Hash(alternate);

        private static int Hash(ReadOnlySpan<byte> bytes)
        {
            var hash = default(HashCode);
            hash.AddBytes(bytes);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
