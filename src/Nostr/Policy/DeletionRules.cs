using System.Buffers.Binary;
using Mortise.Engine;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>What deletion requests (NIP-09) and requests to vanish (NIP-62) do, and what they keep out.</summary>
/// <remarks>The writer's thread, for one group.</remarks>
internal sealed class DeletionRules(
    EventPolicyOptions options, DeletionTargets targets, GroupState group, StoredState stored)
{
    /// <summary>Why an event may not come (back); null when it may.</summary>
    public string? FindReason(in EventView @event)
    {
        if (@event.Kind == EventKinds.Vanish)
        {
            return null;
        }

        if (options.HonourVanish && IsVanished(@event))
        {
            return "its author asked to vanish";
        }

        if (!options.HonourDeletions || @event.Kind == EventKinds.Deletion)
        {
            return null;
        }

        if (IsDeletedById(@event.Id, @event.PublicKey)
            || (@event.Kind == EventKinds.GiftWrap && IsDeletedByRecipient(@event)))
        {
            return "its author asked for its deletion";
        }

        Span<byte> address = stackalloc byte[EventAddress.MaxBytes];
        int length = EventAddress.Write(@event, address, out _);
        return length > 0 && AddressDeletion(address[..length], @event) >= @event.CreatedAt
            ? "its author asked for the deletion of this address"
            : null;
    }

    /// <summary>Does what an event that was just put asks for, if it asks for a deletion.</summary>
    public void Apply(in EventView @event)
    {
        if (@event.Kind == EventKinds.Deletion && options.HonourDeletions)
        {
            DeleteTargets(@event);
        }
        else if (@event.Kind == EventKinds.Vanish && options.HonourVanish && targets.NamesThisStore(@event))
        {
            DeleteAuthor(@event);
        }
    }

    private bool IsDeletedById(ReadOnlySpan<byte> id, ReadOnlySpan<byte> author) =>
        group.IsDeletedById(Id32.Read(id), Id32.Read(author)) || stored.IsDeletedById(id, author);

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
        Math.Max(group.AddressDeletion(address), stored.AddressDeletion(address, version));

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
        Math.Max(group.Vanished(Id32.Read(author)), stored.Vanished(author));

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
        if (group.TryFind(id, out PendingRecord pending))
        {
            if (MayDelete(request, group.View(pending)))
            {
                group.Delete(pending);
            }

            return;
        }

        Span<byte> bytes = stackalloc byte[IdSet.ValueBytes];
        id.Write(bytes);
        if (stored.TryFind(bytes, out RecordLocation location))
        {
            bool may;
            using (RecordLease lease = stored.View.Records.Read(location))
            {
                may = MayDelete(request, EventView.Open(lease.Bytes));
            }

            if (may)
            {
                group.Delete(location);
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
        int kind = BinaryPrimitives.ReadUInt16BigEndian(address);
        NostrEvent draft = NostrEvent.CreateUnsigned(request.PublicKey, 0, kind, "");
        foreach (RecordLocation location in stored.Versions(address, draft.View))
        {
            long createdAt;
            using (RecordLease lease = stored.View.Records.Read(location))
            {
                createdAt = EventView.Open(lease.Bytes).CreatedAt;
            }

            if (createdAt <= request.CreatedAt)
            {
                group.Delete(location);
            }
        }

        foreach (PendingRecord record in group.Versions(address).ToArray())
        {
            if (group.View(record).CreatedAt <= request.CreatedAt)
            {
                group.Delete(record);
            }
        }
    }

    private void DeleteAuthor(in EventView request)
    {
        IdSet author = IdSet.FromBytes(request.PublicKey);
        var own = new Filter { Authors = author, Until = request.CreatedAt };
        foreach (RecordLocation location in stored.Matching(own))
        {
            int kind;
            using (RecordLease lease = stored.View.Records.Read(location))
            {
                kind = EventView.Open(lease.Bytes).Kind;
            }

            if (kind != EventKinds.Vanish)
            {
                group.Delete(location);
            }
        }

        var wraps = new Filter
        {
            Kinds = KindSet.Of(EventKinds.GiftWrap),
            Tags = [TagCondition.Of('p', Convert.ToHexStringLower(request.PublicKey))],
            Until = request.CreatedAt,
        };
        foreach (RecordLocation location in stored.Matching(wraps))
        {
            group.Delete(location);
        }

        foreach (PendingRecord record in group.Live.ToArray())
        {
            EventView view = group.View(record);
            if (view.Kind != EventKinds.Vanish
                && (FilterMatch.Matches(own, own.Conditions, view)
                    || FilterMatch.Matches(wraps, wraps.Conditions, view)))
            {
                group.Delete(record);
            }
        }
    }
}
