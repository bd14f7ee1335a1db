using Mortise.Engine;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>Knows which stored events may not be served any more (NIP-40).</summary>
/// <remarks>
/// With a family of expirations it lists the expired events that are not yet removed, and no record has to be read to
/// tell; with none, or when there are more than <see cref="MaxListed"/>, each record is asked. Immutable; any thread.
/// </remarks>
internal sealed class ExpiryGuard
{
    /// <summary>The most expired events that are listed.</summary>
    public const int MaxListed = 4096;

    private readonly ulong[] _expired;
    private readonly long _now;

    private ExpiryGuard(Lsn lsn, long now, long validUntil, ulong[] expired, bool asksExpiry)
    {
        Lsn = lsn;
        _now = now;
        ValidUntil = validUntil;
        _expired = expired;
        AsksRecords = asksExpiry;
    }

    /// <summary>The state it was made for.</summary>
    public Lsn Lsn { get; }

    /// <summary>The first second at which it may be wrong.</summary>
    public long ValidUntil { get; }

    /// <summary>True when only the record can tell.</summary>
    public bool AsksRecords { get; }

    public bool IsValidFor(Lsn lsn, long now) => Lsn == lsn && _now <= now && now < ValidUntil;

    /// <summary>True when the entry is known to be expired.</summary>
    public bool IsExpired(RecordLocation location) =>
        _expired.Length > 0 && Array.BinarySearch(_expired, location.Value) >= 0;

    /// <summary>True when the record says so and only it can tell.</summary>
    public bool IsExpired(in EventView @event) => AsksRecords && EventTags.IsExpired(@event, _now);

    /// <summary>Nothing expires, in any state.</summary>
    public static ExpiryGuard None { get; } = new(Lsn.None, 0, long.MaxValue, [], asksExpiry: false);

    public static ExpiryGuard Make(StoreView view, long now)
    {
        FamilyView? family = Families.WithProjection(view, EventProjections.Expiration);
        if (family is null)
        {
            return new ExpiryGuard(view.Lsn, now, now + 1, [], asksExpiry: true);
        }

        var expired = new List<ulong>();
        long validUntil = long.MaxValue;
        using FamilyCursor cursor = family.OpenCursor(KeyRange.All, OrdinalRange.All, EntryOrder.ByKey);
        while (cursor.MoveNext())
        {
            long at = ExpirationProjection.ReadTime(cursor.Key);
            if (at > now)
            {
                validUntil = at;
                break;
            }

            if (expired.Count == MaxListed)
            {
                return new ExpiryGuard(view.Lsn, now, now + 1, [], asksExpiry: true);
            }

            expired.Add(cursor.Location.Value);
        }

        expired.Sort();
        return new ExpiryGuard(view.Lsn, now, validUntil, [.. expired], asksExpiry: false);
    }
}
