using Mortise.Engine;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>One run of a retention policy over a store.</summary>
/// <remarks>What lies in partitions whose time is over goes by whole partitions; the rest is looked for by each rule and
/// deleted in small commits, so that other writers do not wait.</remarks>
internal sealed class RetentionRun(
    StoreEngine engine,
    Func<EventRemoval, CancellationToken, ValueTask> remove,
    RetentionPolicy policy,
    RetentionMemory memory,
    long now,
    bool isDryRun,
    CancellationToken cancellation)
{
    private const int EventsAtOnce = 500;

    // More kinds than that are asked of the events instead of the index.
    private const int MaxKindsInFilter = 64;

    // Projections with exactly one key for each event, those that are cheapest to read first.
    private static readonly string[] s_complete =
    [
        EventProjections.Time, EventProjections.KindTime, EventProjections.AuthorTime, EventProjections.AuthorKindTime,
        EventProjections.Id,
    ];

    private readonly List<DroppedPartition> _partitions = [];
    private readonly List<SegmentUsage> _reclaimed = [];
    private TimeSpan _outOfForce;
    private long _indexBytes;
    private long _deadBytes;

    public async ValueTask<RetentionReport> RunAsync(TimeProvider time)
    {
        long started = time.GetTimestamp();
        bool isByPartition = await DropPartitionsAsync().ConfigureAwait(false);
        var byRule = new List<long>();
        foreach (RetentionRule rule in policy.Rules)
        {
            byRule.Add(rule.MaxAge is { } age ? await RemoveAsync(rule, age).ConfigureAwait(false) : 0);
        }

        byRule.Add(policy.MaxAge is { } rest && !isByPartition
            ? await RemoveAsync(new RetentionRule(), rest).ConfigureAwait(false)
            : 0);

        // Nothing more is dropped; what the rules left without a live record goes.
        TimeSpan outOfForce = _outOfForce;
        await DropAsync("", []).ConfigureAwait(false);
        _outOfForce = outOfForce;
        return new RetentionReport
        {
            Partitions = _partitions,
            ByRule = byRule,
            IndexBytes = _indexBytes,
            Reclaimed = _reclaimed,
            DeadBytesLeft = _deadBytes,
            PartitionsOutOfForceAfter = _outOfForce,
            Duration = time.GetElapsedTime(started),
        };
    }

    /// <returns>True when there is a family by time that has all events.</returns>
    private async ValueTask<bool> DropPartitionsAsync()
    {
        FamilyView? family;
        List<(string Name, OrdinalRange Range, bool IsWhole, object State)> over;
        using (StoreView view = engine.OpenView())
        {
            family = s_complete.Select(name => view.Families.FirstOrDefault(f => f.IsByOrdinal && f.Projection.Name == name))
                .FirstOrDefault(static f => f is not null);
            if (family is null || policy.MaxAge is not { } age)
            {
                return family is not null;
            }

            long firstKept = RetentionPolicy.FirstKept(now, age);
            over = [.. Enumerable.Range(0, family.PartitionCount)
                .Select(i => (At: i, Range: Over(family, i, firstKept)))
                .Where(p => !p.Range.IsEmpty && memory.MayHaveDue(family, p.At, now))
                .Select(p => (
                    family.NameOf(p.At), p.Range, p.Range == family.BoundsOf(p.At), family.StateOf(p.At)))
                .Reverse()];
        }

        OrdinalRange[] ranges = [.. over.Select(static o => o.Range)];
        long[] nextDue = new long[ranges.Length];
        Array.Fill(nextDue, long.MaxValue);
        int at = 0;
        RangeDropReport report = await DropAsync(family.Name, ranges, record =>
        {
            EventView view = EventView.Open(record);
            long due = policy.DueAt(view);
            at = RangeOf(view.CreatedAt, ranges, at);
            nextDue[at] = Math.Min(nextDue[at], due);
            return due > now;
        }).ConfigureAwait(false);

        for (int i = 0; i < ranges.Length; i++)
        {
            DroppedRange done = report.Ranges[i];
            if (done is { Records: > 0 } or { Partitions: > 0 })
            {
                _partitions.Add(new DroppedPartition(over[i].Name, done.Records, done.Kept, done.Partitions > 0));
            }
            else if (over[i].IsWhole)
            {
                // Of most old partitions everything that is left is kept.
                memory.Note(family, over[i].Name, over[i].State, nextDue[i]);
            }
        }

        return true;
    }

    /// <summary>What of a partition is over: all or nothing, but of neighbours that were merged some of them.</summary>
    private static OrdinalRange Over(FamilyView family, int partition, long firstKept)
    {
        OrdinalRange bounds = family.BoundsOf(partition);
        long keptFrom = family.PeriodOf(firstKept).First;
        return keptFrom > bounds.First
            ? new OrdinalRange(bounds.First, Math.Min(bounds.Last, keptFrom - 1))
            : new OrdinalRange(0, -1);
    }

    /// <summary>Records come range by range: mostly it is the one of the record before.</summary>
    private static int RangeOf(long createdAt, OrdinalRange[] ranges, int before)
    {
        for (int i = 0; i < ranges.Length; i++)
        {
            int at = (before + i) % ranges.Length;
            if (ranges[at].Contains(createdAt))
            {
                return at;
            }
        }

        return before;
    }

    private async ValueTask<RangeDropReport> DropAsync(
        string family, OrdinalRange[] ranges, RecordPredicate? keeps = null)
    {
        var drop = new RangeDrop
        {
            Family = family,
            Ranges = ranges,
            Keeps = keeps,
            MayKeep = keeps is null ? null : (view, range) => KeptEvents.In(view, range, policy, cancellation),
            IsDryRun = isDryRun,
        };
        RangeDropReport report = await engine.DropRangesAsync(drop, cancellation).ConfigureAwait(false);
        _outOfForce += report.OutOfForceAfter;
        _indexBytes += report.IndexBytes;
        _reclaimed.AddRange(report.Reclaimed);
        _deadBytes = report.DeadBytesLeft;
        return report;
    }

    /// <summary>Removes the events that a rule finds too old, unless another rule before it keeps them.</summary>
    private async ValueTask<long> RemoveAsync(RetentionRule rule, TimeSpan age)
    {
        Filter filter = FilterOf(rule, RetentionPolicy.FirstKept(now, age) - 1);
        long removed = 0;
        EventPosition? after = null;
        bool hasMore = true;
        while (hasMore)
        {
            (List<Id32> due, after) = Find(rule, filter, after);
            hasMore = due.Count == EventsAtOnce;
            if (isDryRun || due.Count == 0)
            {
                removed += due.Count;
                continue;
            }

            var removal = new EventRemoval(due);
            await remove(removal, cancellation).ConfigureAwait(false);
            removed += removal.Removed;
        }

        return removed;
    }

    private (List<Id32> Due, EventPosition? Last) Find(RetentionRule rule, Filter filter, EventPosition? after)
    {
        using StoreView view = engine.OpenView();
        using var query = QueryExecution.Once(
            view, [filter], after, EntryGuard.None, wantsRecords: true, TimeProvider.System, cancellation);
        var sink = new DueSink(policy, rule, now, []);
        query.PushAll(ref sink);
        return (sink.Due, sink.Last);
    }

    private static Filter FilterOf(RetentionRule rule, long until)
    {
        int kinds = rule.Kinds?.Sum(static k => k.Last - k.First + 1) ?? 0;
        return new Filter
        {
            Authors = rule.Authors,
            Kinds = kinds is 0 or > MaxKindsInFilter
                ? null
                : KindSet.Of([.. rule.Kinds!.SelectMany(static k => Enumerable.Range(k.First, k.Last - k.First + 1))]),
            Until = until,
        };
    }

    private struct DueSink(RetentionPolicy policy, RetentionRule rule, long now, List<Id32> due) : IEventSink
    {
        public readonly List<Id32> Due => due;

        public EventPosition? Last { get; private set; }

        public bool Accept(in EventView @event)
        {
            // Rules overlap: an event counts for the one that decides.
            if (rule.Matches(@event) && policy.DueAt(@event) <= now)
            {
                due.Add(Id32.Read(@event.Id));
                Last = due.Count == EventsAtOnce ? new EventPosition(@event.CreatedAt, @event.Id) : null;
            }

            return due.Count < EventsAtOnce;
        }
    }
}
