using System.Globalization;
using Mortise.Engine;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>Decides what each write stores and deletes: the rules of NIP-01, 09, 40 and 62 in one place.</summary>
/// <remarks>
/// <para>Threads: the store's writer. Decisions see those before them in the same batch and group.</para>
/// <para>Rules, in this order: an event that is too large is refused; ephemeral kinds are not stored; what has expired is
/// refused; a duplicate changes nothing; what its author had deleted, or had vanished, is refused; of an address only the
/// newest version stays, on equal times the one with the lowest id; a deletion request deletes what its author may delete
/// and never another request; a request to vanish deletes what its author wrote up to its time, and gift wraps to
/// them.</para>
/// <para>Deletion requests of a gift wrap's recipient count like its author's, whose key nobody has (NIP-59).</para>
/// </remarks>
internal sealed class EventWritePlanner : IWritePlanner
{
    private readonly EventPolicyOptions _options;
    private readonly TimeProvider _time;
    private readonly DeletionTargets _targets;
    private readonly GroupState _group;
    private readonly EventFeed _feed;
    private StoredState _stored = null!;

    public EventWritePlanner(EventPolicyOptions options, TimeProvider time, EventFeed feed)
    {
        _options = options;
        _time = time;
        _feed = feed;
        _targets = new DeletionTargets(options.RelayUrls);
        _group = new GroupState(_targets);
    }

    /// <inheritdoc/>
    public void BeginGroup(StoreView view)
    {
        _group.Begin();
        _stored = new StoredState(view, _targets, _group);
    }

    /// <inheritdoc/>
    public void Plan(StoreWrite write, CommitBuilder commit)
    {
        _group.Reconcile(commit);
        switch (write)
        {
            case EventPut put:
                long now = _time.GetUtcNow().ToUnixTimeSeconds();
                for (int i = 0; i < put.Events.Count; i++)
                {
                    put.Results[i] = Put(put.Events[i].View, now);
                }

                break;
            case EventRemoval removal:
                removal.WasFound = Remove(removal.Id);
                break;
            case ExpiredRemoval removal:
                removal.Removed = RemoveExpired(removal.Most, _time.GetUtcNow().ToUnixTimeSeconds());
                break;
            default:
                throw new ArgumentException($"the store of events knows no {write.GetType().Name}", nameof(write));
        }
    }

    /// <inheritdoc/>
    public void Published(StoreView view, IReadOnlyList<StoreWrite> writes) => _feed.Publish(writes);

    private PutResult Put(in EventView @event, long now)
    {
        int maxBytes = _stored.View.Records.MaxRecordBytes;
        if (@event.Record.Length > maxBytes)
        {
            return Refuse(PutOutcome.Rejected, $"{@event.Record.Length} bytes; the store takes up to {maxBytes}");
        }

        if (EventKinds.IsEphemeral(@event.Kind))
        {
            return Refuse(PutOutcome.Ephemeral, $"events of kind {@event.Kind} are not stored");
        }

        if (_options.HonourExpiration && EventTags.Expiration(@event) is long at && at <= now)
        {
            return Refuse(PutOutcome.Expired, $"the event expired at {at}");
        }

        if (_group.TryFind(Id32.Read(@event.Id), out _) || _stored.TryFind(@event.Id, out _))
        {
            return Refuse(PutOutcome.Duplicate, $"the store has this event");
        }

        if (FindDeletion(@event) is { } reason)
        {
            return new PutResult(PutOutcome.Deleted, reason);
        }

        if (!TryReplace(@event, now))
        {
            return Refuse(PutOutcome.Superseded, $"the store has a newer version");
        }

        _group.Put(@event);
        if (@event.Kind == EventKinds.Deletion && _options.HonourDeletions)
        {
            DeleteTargets(@event);
        }
        else if (@event.Kind == EventKinds.Vanish && _options.HonourVanish && _targets.NamesThisStore(@event))
        {
            DeleteAuthor(@event);
        }

        return PutResult.Stored;
    }

    private static PutResult Refuse(PutOutcome outcome, FormattableString reason) =>
        new(outcome, reason.ToString(CultureInfo.InvariantCulture));

    /// <summary>Why an event may not come (back); null when it may.</summary>
    private string? FindDeletion(in EventView @event)
    {
        if (@event.Kind == EventKinds.Vanish)
        {
            return null;
        }

        if (_options.HonourVanish && IsVanished(@event))
        {
            return "its author asked to vanish";
        }

        if (!_options.HonourDeletions || @event.Kind == EventKinds.Deletion)
        {
            return null;
        }

        if (IsDeletedById(@event.Id, @event.PublicKey) || (@event.Kind == EventKinds.GiftWrap && IsDeletedByRecipient(@event)))
        {
            return "its author asked for its deletion";
        }

        Span<byte> address = stackalloc byte[EventAddress.MaxBytes];
        int length = EventAddress.Write(@event, address, out _);
        return length > 0 && AddressDeletion(address[..length], @event) >= @event.CreatedAt
            ? "its author asked for the deletion of this address"
            : null;
    }

    private bool IsDeletedById(ReadOnlySpan<byte> id, ReadOnlySpan<byte> author) =>
        _group.IsDeletedById(Id32.Read(id), Id32.Read(author)) || _stored.IsDeletedById(id, author);

    private bool IsDeletedByRecipient(in EventView wrap)
    {
        Span<byte> key = stackalloc byte[IdSet.ValueBytes];
        foreach (Id32 recipient in Recipients(wrap))
        {
            recipient.Write(key);
            if (IsDeletedById(wrap.Id, key))
            {
                return true;
            }
        }

        return false;
    }

    private long AddressDeletion(ReadOnlySpan<byte> address, in EventView version) =>
        Math.Max(_group.AddressDeletion(address), _stored.AddressDeletion(address, version));

    private bool IsVanished(in EventView @event)
    {
        if (Vanished(@event.PublicKey) >= @event.CreatedAt)
        {
            return true;
        }

        if (@event.Kind == EventKinds.GiftWrap)
        {
            Span<byte> key = stackalloc byte[IdSet.ValueBytes];
            foreach (Id32 recipient in Recipients(@event))
            {
                recipient.Write(key);
                if (Vanished(key) >= @event.CreatedAt)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private long Vanished(ReadOnlySpan<byte> author) =>
        Math.Max(_group.Vanished(Id32.Read(author)), _stored.Vanished(author));

    private static List<Id32> Recipients(in EventView wrap)
    {
        var recipients = new List<Id32>();
        Span<byte> key = stackalloc byte[IdSet.ValueBytes];
        foreach (TagView tag in wrap.Tags)
        {
            if (EventTags.TryGetIndexed(tag, out byte letter, out TagValue value)
                && letter == (byte)'p'
                && EventTags.TryGetId(value, key))
            {
                recipients.Add(Id32.Read(key));
            }
        }

        return recipients;
    }

    /// <summary>Deletes the versions that an event replaces. Versions that have expired do not count.</summary>
    /// <returns>False when there is a newer version; then nothing changed.</returns>
    private bool TryReplace(in EventView @event, long now)
    {
        Span<byte> address = stackalloc byte[EventAddress.MaxBytes];
        int length = EventAddress.Write(@event, address, out _);
        if (length == 0 || _options.Superseded == SupersededVersions.KeepAll)
        {
            return true;
        }

        List<RecordLocation> stored = _stored.Versions(address[..length], @event);
        foreach (RecordLocation location in stored)
        {
            using RecordLease lease = _stored.View.Records.Read(location);
            if (Replaces(EventView.Open(lease.Bytes), @event, now))
            {
                return false;
            }
        }

        IReadOnlyList<PendingRecord> pending = _group.Versions(address[..length]);
        for (int i = 0; i < pending.Count; i++)
        {
            if (Replaces(_group.View(pending[i]), @event, now))
            {
                return false;
            }
        }

        foreach (RecordLocation location in stored)
        {
            _group.Delete(location);
        }

        foreach (PendingRecord record in pending.ToArray())
        {
            _group.Delete(record);
        }

        return true;
    }

    private bool Replaces(in EventView version, in EventView other, long now)
    {
        if (_options.HonourExpiration && EventTags.IsExpired(version, now))
        {
            return false;
        }

        return version.CreatedAt > other.CreatedAt
            || (version.CreatedAt == other.CreatedAt && version.Id.SequenceCompareTo(other.Id) < 0);
    }

    private void DeleteTargets(in EventView request)
    {
        foreach (Id32 id in DeletionTargets.Ids(request))
        {
            DeleteById(id, request);
        }

        foreach (byte[] address in DeletionTargets.Addresses(request))
        {
            DeleteAddress(address, request);
        }
    }

    private void DeleteById(Id32 id, in EventView request)
    {
        if (_group.TryFind(id, out PendingRecord pending))
        {
            if (MayDelete(request, _group.View(pending)))
            {
                _group.Delete(pending);
            }

            return;
        }

        Span<byte> bytes = stackalloc byte[IdSet.ValueBytes];
        id.Write(bytes);
        if (_stored.TryFind(bytes, out RecordLocation location))
        {
            bool may;
            using (RecordLease lease = _stored.View.Records.Read(location))
            {
                may = MayDelete(request, EventView.Open(lease.Bytes));
            }

            if (may)
            {
                _group.Delete(location);
            }
        }
    }

    private static bool MayDelete(in EventView request, in EventView target) =>
        target.Kind is not (EventKinds.Deletion or EventKinds.Vanish)
        && (target.PublicKey.SequenceEqual(request.PublicKey)
            || (target.Kind == EventKinds.GiftWrap && Recipients(target).Contains(Id32.Read(request.PublicKey))));

    private void DeleteAddress(byte[] address, in EventView request)
    {
        // The address begins with the kind and has this author's key; a draft of a version stands for all of them.
        int kind = System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(address);
        NostrEvent draft = NostrEvent.CreateUnsigned(request.PublicKey, 0, kind, "");
        foreach (RecordLocation location in _stored.Versions(address, draft.View))
        {
            long createdAt;
            using (RecordLease lease = _stored.View.Records.Read(location))
            {
                createdAt = EventView.Open(lease.Bytes).CreatedAt;
            }

            if (createdAt <= request.CreatedAt)
            {
                _group.Delete(location);
            }
        }

        foreach (PendingRecord record in _group.Versions(address).ToArray())
        {
            if (_group.View(record).CreatedAt <= request.CreatedAt)
            {
                _group.Delete(record);
            }
        }
    }

    private void DeleteAuthor(in EventView request)
    {
        IdSet author = IdSet.FromBytes(request.PublicKey);
        var own = new Filter { Authors = author, Until = request.CreatedAt };
        foreach (RecordLocation location in _stored.Matching(own))
        {
            int kind;
            using (RecordLease lease = _stored.View.Records.Read(location))
            {
                kind = EventView.Open(lease.Bytes).Kind;
            }

            if (kind != EventKinds.Vanish)
            {
                _group.Delete(location);
            }
        }

        var wraps = new Filter
        {
            Kinds = KindSet.Of(EventKinds.GiftWrap),
            Tags = [TagCondition.Of('p', Convert.ToHexStringLower(request.PublicKey))],
            Until = request.CreatedAt,
        };
        foreach (RecordLocation location in _stored.Matching(wraps))
        {
            _group.Delete(location);
        }

        foreach (PendingRecord record in _group.Live.ToArray())
        {
            EventView view = _group.View(record);
            if (view.Kind != EventKinds.Vanish
                && (FilterMatch.Matches(own, own.Conditions, view) || FilterMatch.Matches(wraps, wraps.Conditions, view)))
            {
                _group.Delete(record);
            }
        }
    }

    private bool Remove(Id32 id)
    {
        if (_group.TryFind(id, out PendingRecord pending))
        {
            _group.Delete(pending);
            return true;
        }

        Span<byte> bytes = stackalloc byte[IdSet.ValueBytes];
        id.Write(bytes);
        if (_stored.TryFind(bytes, out RecordLocation location))
        {
            _group.Delete(location);
            return true;
        }

        return false;
    }

    private int RemoveExpired(int most, long now)
    {
        FamilyView? family = Families.WithProjection(_stored.View, EventProjections.Expiration);
        if (family is null)
        {
            return 0;
        }

        int removed = 0;
        Span<byte> end = stackalloc byte[sizeof(long)];
        ExpirationProjection.WriteEnd(now, end);
        using FamilyCursor cursor = family.OpenCursor(new KeyRange(default, end), OrdinalRange.All, EntryOrder.ByKey);
        while (removed < most && cursor.MoveNext())
        {
            if (!_group.IsDeleted(cursor.Location))
            {
                _group.Delete(cursor.Location);
                removed++;
            }
        }

        return removed;
    }
}
