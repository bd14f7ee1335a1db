using Mortise.Engine;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>What the write policy asks of the stored state: from the families made for it, or, in a stack that leaves
/// them out, by filters. The answers are the same, the costs are not.</summary>
/// <remarks>The writer's thread only.</remarks>
internal sealed class StoredState(StoreView view, DeletionTargets targets, GroupState group)
{
    private readonly FamilyView _ids = Families.WithProjection(view, EventProjections.Id)!;
    private readonly FamilyView? _addresses = Families.WithProjection(view, EventProjections.Address);
    private readonly FamilyView? _deletions = Families.WithProjection(view, EventProjections.Deletion);
    private readonly Dictionary<byte, bool> _hasRequests = [];

    public StoreView View { get; } = view;

    /// <summary>Finds an event that is stored and that the group has not deleted.</summary>
    public bool TryFind(ReadOnlySpan<byte> id, out RecordLocation location) =>
        _ids.TryFind(id, out location) && !group.IsDeleted(location);

    /// <summary>The stored versions of an address.</summary>
    public List<RecordLocation> Versions(ReadOnlySpan<byte> address, in EventView version)
    {
        if (_addresses is null)
        {
            return VersionsByFilter(address, version);
        }

        // The roles that make versions are neighbours: one range has both.
        Span<byte> bounds = stackalloc byte[2 * (EventAddress.MaxBytes + 1)];
        int length = address.Length + 1;
        Span<byte> start = bounds[..length];
        Span<byte> end = bounds.Slice(length, length);
        address.CopyTo(start);
        address.CopyTo(end);
        start[^1] = AddressProjection.Tagged;
        end[^1] = AddressProjection.Implied + 1;
        var locations = new LocationSink(group, []);
        for (int i = 0; i < _addresses.PartitionCount; i++)
        {
            _addresses.Scan(i, new KeyRange(start, end), ref locations);
        }

        return locations.Found;
    }

    /// <summary>True when an author has asked for the deletion of an id.</summary>
    public bool IsDeletedById(ReadOnlySpan<byte> id, ReadOnlySpan<byte> author)
    {
        if (_deletions is null)
        {
            return Any(new Filter
            {
                Kinds = KindSet.Of(EventKinds.Deletion),
                Authors = IdSet.FromBytes(author),
                Tags = [TagCondition.Of('e', Convert.ToHexStringLower(id))],
            });
        }

        Span<byte> prefix = stackalloc byte[DeletionProjection.MaxPrefixBytes];
        return HasRequests(DeletionProjection.ById)
            && Newest(prefix[..DeletionProjection.WriteById(id, author, prefix)]) >= 0;
    }

    /// <summary>When its author last asked for the deletion of an address; -1 for never.</summary>
    public long AddressDeletion(ReadOnlySpan<byte> address, in EventView version)
    {
        if (_deletions is null)
        {
            return AddressDeletionByFilter(address, version);
        }

        Span<byte> prefix = stackalloc byte[DeletionProjection.MaxPrefixBytes];
        return HasRequests(DeletionProjection.ByAddress)
            ? Newest(prefix[..DeletionProjection.WriteByAddress(address, prefix)])
            : -1;
    }

    /// <summary>When an author last asked to vanish from here; -1 for never.</summary>
    public long Vanished(ReadOnlySpan<byte> author)
    {
        if (_deletions is null)
        {
            return VanishedByFilter(author);
        }

        long newest = -1;
        if (HasRequests(DeletionProjection.ByAuthor))
        {
            Span<byte> prefix = stackalloc byte[DeletionProjection.MaxPrefixBytes];
            foreach (byte[] relay in targets.RelayNames)
            {
                newest = Math.Max(
                    newest, Newest(prefix[..DeletionProjection.WriteByAuthor(author, relay, prefix)]));
            }
        }

        return newest;
    }

    /// <summary>The stored events that match a filter and that the group has not deleted.</summary>
    public List<RecordLocation> Matching(Filter filter)
    {
        var found = new List<RecordLocation>();
        using var run = QueryExecution.Once(
            View, [filter], null, EntryGuard.None, wantsRecords: false, TimeProvider.System, default);
        while (run.MoveNext(out RecordLocation location))
        {
            if (!group.IsDeleted(location))
            {
                found.Add(location);
            }
        }

        return found;
    }

    private bool Any(Filter filter) => Matching(filter).Count > 0;

    // Most stores have few requests of a sort or none: one estimate a group spares a lookup an event.
    private bool HasRequests(byte sort)
    {
        if (!_hasRequests.TryGetValue(sort, out bool has))
        {
            Span<byte> prefix = [sort];
            Span<byte> scratch = stackalloc byte[1];
            has = _deletions!.Estimate(KeyRange.WithPrefix(prefix, scratch), OrdinalRange.All) > 0;
            _hasRequests.Add(sort, has);
        }

        return has;
    }

    private long Newest(ReadOnlySpan<byte> prefix)
    {
        Span<byte> scratch = stackalloc byte[prefix.Length];
        var newest = new NewestSink(group);
        for (int i = 0; i < _deletions!.PartitionCount; i++)
        {
            _deletions.Scan(i, KeyRange.WithPrefix(prefix, scratch), ref newest);
        }

        return newest.CreatedAt;
    }

    private List<RecordLocation> VersionsByFilter(ReadOnlySpan<byte> address, in EventView version)
    {
        var found = new List<RecordLocation>();
        Span<byte> other = stackalloc byte[EventAddress.MaxBytes];
        var filter = new Filter { Authors = IdSet.FromBytes(version.PublicKey), Kinds = KindSet.Of(version.Kind) };
        foreach (RecordLocation location in Matching(filter))
        {
            using RecordLease lease = View.Records.Read(location);
            if (other[..EventAddress.Write(EventView.Open(lease.Bytes), other, out _)].SequenceEqual(address))
            {
                found.Add(location);
            }
        }

        return found;
    }

    private long AddressDeletionByFilter(ReadOnlySpan<byte> address, in EventView version)
    {
        long newest = -1;
        var filter = new Filter
        {
            Authors = IdSet.FromBytes(version.PublicKey),
            Kinds = KindSet.Of(EventKinds.Deletion),
        };
        foreach (RecordLocation location in Matching(filter))
        {
            using RecordLease lease = View.Records.Read(location);
            EventView request = EventView.Open(lease.Bytes);
            foreach (byte[] target in DeletionTargets.Addresses(request))
            {
                newest = target.AsSpan().SequenceEqual(address) ? Math.Max(newest, request.CreatedAt) : newest;
            }
        }

        return newest;
    }

    private long VanishedByFilter(ReadOnlySpan<byte> author)
    {
        long newest = -1;
        var filter = new Filter { Authors = IdSet.FromBytes(author), Kinds = KindSet.Of(EventKinds.Vanish) };
        foreach (RecordLocation location in Matching(filter))
        {
            using RecordLease lease = View.Records.Read(location);
            EventView request = EventView.Open(lease.Bytes);
            newest = targets.NamesThisStore(request) ? Math.Max(newest, request.CreatedAt) : newest;
        }

        return newest;
    }

    private readonly struct LocationSink(GroupState group, List<RecordLocation> found) : IFamilySink
    {
        public List<RecordLocation> Found => found;

        public bool Accept(ReadOnlySpan<byte> key, RecordLocation location, ReadOnlySpan<byte> inline)
        {
            if (!group.IsDeleted(location))
            {
                found.Add(location);
            }

            return true;
        }
    }

    /// <summary>Keeps the time of the newest entry; in each partition that is the first.</summary>
    private struct NewestSink(GroupState group) : IFamilySink
    {
        public long CreatedAt { get; private set; } = -1;

        public bool Accept(ReadOnlySpan<byte> key, RecordLocation location, ReadOnlySpan<byte> inline)
        {
            if (group.IsDeleted(location))
            {
                return true;
            }

            CreatedAt = Math.Max(CreatedAt, OrderKey.Read(key).CreatedAt);
            return false;
        }
    }
}
