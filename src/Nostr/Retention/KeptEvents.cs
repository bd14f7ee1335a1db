using System.Buffers.Binary;
using Mortise.Engine;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>Finds, by the indexes, the events of a range that a policy may keep although its own age has come: those that a
/// rule with a longer one is about, and requests to delete and to vanish.</summary>
/// <remarks>So a partition that ends costs what is kept of it, not what is dropped.</remarks>
internal static class KeptEvents
{
    /// <summary>More kinds than that are looked up among those that the range has.</summary>
    private const int MaxKinds = 64;

    /// <summary>Names them; each is to be asked of the policy.</summary>
    public static IReadOnlyCollection<RecordLocation> In(
        StoreView view, OrdinalRange range, RetentionPolicy policy, CancellationToken cancellation)
    {
        var found = new HashSet<RecordLocation>();
        FamilyView ids = Families.WithProjection(view, EventProjections.Id)!;
        foreach (Filter filter in Filters(view, range, policy))
        {
            using var query = QueryExecution.Once(
                view, [filter], null, EntryGuard.None, wantsRecords: true, TimeProvider.System, cancellation);
            var sink = new Sink(ids, found);
            query.PushAll(ref sink);
        }

        return found;
    }

    private static IEnumerable<Filter> Filters(StoreView view, OrdinalRange range, RetentionPolicy policy)
    {
        yield return Over(range, KindSet.Of(EventKinds.Deletion, EventKinds.Vanish), null);
        foreach (RetentionRule rule in policy.Rules)
        {
            if (rule.MaxAge is null || rule.MaxAge > policy.MaxAge)
            {
                KindSet? kinds = KindsOf(rule, view, range);
                if (kinds is null or { Count: > 0 })
                {
                    yield return Over(range, kinds, rule.Authors);
                }
            }
        }
    }

    private static Filter Over(OrdinalRange range, KindSet? kinds, IdSet? authors) =>
        new() { Kinds = kinds, Authors = authors, Since = range.First, Until = range.Last };

    /// <summary>The kinds that a rule is about; null for all, or when no index tells.</summary>
    private static KindSet? KindsOf(RetentionRule rule, StoreView view, OrdinalRange range)
    {
        if (rule.Kinds is not { } kinds)
        {
            return null;
        }

        if (kinds.Sum(static k => (long)k.Last - k.First + 1) <= MaxKinds)
        {
            return KindSet.Of([.. kinds.SelectMany(static k => Enumerable.Range(k.First, k.Last - k.First + 1))]);
        }

        return Families.WithProjection(view, EventProjections.KindTime) is { } family
            ? KindSet.Of([.. KindsIn(family, range).Where(kind => kinds.Any(k => k.First <= kind && kind <= k.Last))])
            : null;
    }

    /// <summary>The kinds of a range: one step of a cursor for each.</summary>
    private static List<int> KindsIn(FamilyView family, OrdinalRange range)
    {
        var kinds = new List<int>();
        Span<byte> next = stackalloc byte[sizeof(ushort)];
        using FamilyCursor cursor = family.OpenCursor(KeyRange.All, range, EntryOrder.ByKey);
        bool hasMore = cursor.MoveNext();
        while (hasMore)
        {
            int kind = BinaryPrimitives.ReadUInt16BigEndian(cursor.Key);
            kinds.Add(kind);
            BinaryPrimitives.WriteUInt16BigEndian(next, (ushort)(kind + 1));
            hasMore = kind < ushort.MaxValue && cursor.Seek(next);
        }

        return kinds;
    }

    private readonly struct Sink(FamilyView ids, HashSet<RecordLocation> found) : IEventSink
    {
        public bool Accept(in EventView @event)
        {
            if (ids.TryFind(@event.Id, out RecordLocation location))
            {
                found.Add(location);
            }

            return true;
        }
    }
}
