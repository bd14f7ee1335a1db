using System.Globalization;
using Mortise.Engine;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>Decides what each write stores and deletes: the rules of NIP-01, 09, 40, 62 and 70 in one
/// place.</summary>
/// <remarks>
/// <para>Threads: the store's writer. Decisions see those before them in the same batch and group.</para>
/// <para>Rules, in this order: an event that is too large is refused; so is a protected one that not its
/// author publishes; ephemeral kinds are not stored; what has expired
/// is refused; a duplicate changes nothing; what its author had deleted, or had vanished, is refused; of an address
/// only the newest version stays, on equal times the one with the lowest id; a deletion request deletes what its author
/// may delete and never another request; a request to vanish deletes what its author wrote up to its time, and gift
/// wraps to them.</para>
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
    private DeletionRules _deletions = null!;

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
        _deletions = new DeletionRules(_options, _targets, _group, _stored);
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
                    put.Results[i] = Put(put.Events[i].View, put.Publisher, now);
                }

                break;
            case EventRemoval removal:
                removal.Removed = removal.Ids.Count(Remove);
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

    private PutResult Put(in EventView @event, IdSet? publisher, long now)
    {
        int maxBytes = _stored.View.Records.MaxRecordBytes;
        if (@event.Record.Length > maxBytes)
        {
            return Refuse(PutOutcome.Rejected, $"{@event.Record.Length} bytes; the store takes up to {maxBytes}");
        }

        if (publisher is not null && _options.HonourProtection
            && ProtectionRule.FindReason(@event, publisher) is { } protection)
        {
            return new PutResult(PutOutcome.Protected, protection);
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

        if (_deletions.FindReason(@event) is { } reason)
        {
            return new PutResult(PutOutcome.Deleted, reason);
        }

        if (!TryReplace(@event, now))
        {
            return Refuse(PutOutcome.Superseded, $"the store has a newer version");
        }

        _group.Put(@event);
        _deletions.Apply(@event);
        return PutResult.Stored;
    }

    private static PutResult Refuse(PutOutcome outcome, FormattableString reason) =>
        new(outcome, reason.ToString(CultureInfo.InvariantCulture));

    /// <summary>Deletes the versions that an event pushes out. Versions that have expired do not count.</summary>
    /// <returns>False when there are as many newer versions as are kept; then nothing changed.</returns>
    private bool TryReplace(in EventView @event, long now)
    {
        Span<byte> address = stackalloc byte[EventAddress.MaxBytes];
        int length = EventAddress.Write(@event, address, out _);
        if (length == 0 || _options.Superseded == SupersededVersions.KeepAll)
        {
            return true;
        }

        List<AddressVersion> versions = Versions(address[..length], @event, now);
        versions.Sort();
        int kept = _options.Superseded == SupersededVersions.KeepSome ? _options.KeptVersions : 1;
        var own = new AddressVersion(@event, isExpired: false);
        if (versions.Count >= kept && versions[kept - 1] is { IsExpired: false } last && last.CompareTo(own) < 0)
        {
            return false;
        }

        for (int i = 0; i < versions.Count; i++)
        {
            if (i >= kept - 1 || versions[i].IsExpired)
            {
                Delete(versions[i]);
            }
        }

        return true;
    }

    private List<AddressVersion> Versions(ReadOnlySpan<byte> address, in EventView @event, long now)
    {
        var versions = new List<AddressVersion>();
        foreach (RecordLocation location in _stored.Versions(address, @event))
        {
            using RecordLease lease = _stored.View.Records.Read(location);
            EventView view = EventView.Open(lease.Bytes);
            versions.Add(new AddressVersion(view, IsExpired(view, now)) { Location = location });
        }

        IReadOnlyList<PendingRecord> pending = _group.Versions(address);
        for (int i = 0; i < pending.Count; i++)
        {
            EventView view = _group.View(pending[i]);
            versions.Add(new AddressVersion(view, IsExpired(view, now)) { Pending = pending[i] });
        }

        return versions;
    }

    private bool IsExpired(in EventView version, long now) =>
        _options.HonourExpiration && EventTags.IsExpired(version, now);

    private void Delete(in AddressVersion version)
    {
        if (version.Pending is { } pending)
        {
            _group.Delete(pending);
        }
        else
        {
            _group.Delete(version.Location);
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
