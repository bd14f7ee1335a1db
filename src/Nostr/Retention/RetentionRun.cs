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
        await DropAsync("", []).ConfigureAwait(false);
        return new RetentionReport
        {
            Partitions = _partitions,
            ByRule = byRule,
            IndexBytes = _indexBytes,
            Reclaimed = _reclaimed,
            DeadBytesLeft = _deadBytes,
            Duration = time.GetElapsedTime(started),
        };
    }

    /// <returns>True when there is a family by time that has all events.</returns>
    private async ValueTask<bool> DropPartitionsAsync()
    {
        FamilyView? family;
        List<(string Name, OrdinalRange Range)> over;
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
                .Where(i => family.BoundsOf(i).Last < firstKept && memory.MayHaveDue(family, i, now))
                .Select(i => (family.NameOf(i), family.BoundsOf(i))).Reverse()];
        }

        var due = new List<(string Name, OrdinalRange Range)>();
        foreach ((string name, OrdinalRange range) in over)
        {
            cancellation.ThrowIfCancellationRequested();
            if (await HasDueAsync(family, name, range).ConfigureAwait(false))
            {
                due.Add((name, range));
            }
        }

        RangeDropReport report = await DropAsync(family.Name, [.. due.Select(static d => d.Range)]).ConfigureAwait(false);
        for (int i = 0; i < due.Count; i++)
        {
            DroppedRange done = report.Ranges[i];
            _partitions.Add(new DroppedPartition(due[i].Name, done.Records, done.Kept, done.Partitions > 0));
        }

        return true;
    }

    /// <summary>Beside the writer: of most old partitions everything that is left is kept.</summary>
    private async ValueTask<bool> HasDueAsync(FamilyView family, string name, OrdinalRange range)
    {
        long nextDue = long.MaxValue;
        RangeDropReport rehearsal = await engine.DropRangesAsync(
            new RangeDrop
            {
                Family = family.Name,
                Ranges = [range],
                Keeps = record => Keeps(record, ref nextDue),
                IsDryRun = true,
            },
            cancellation).ConfigureAwait(false);
        if (rehearsal.Ranges[0] is { Records: > 0 } or { Partitions: > 0 })
        {
            return true;
        }

        using StoreView view = engine.OpenView();
        memory.Note(view.Find(family.Name)!, name, nextDue);
        return false;
    }

    private async ValueTask<RangeDropReport> DropAsync(string family, OrdinalRange[] ranges)
    {
        var drop = new RangeDrop
        {
            Family = family,
            Ranges = ranges,
            Keeps = record => policy.DueAt(EventView.Open(record)) > now,
            IsDryRun = isDryRun,
        };
        RangeDropReport report = await engine.DropRangesAsync(drop, cancellation).ConfigureAwait(false);
        _indexBytes += report.IndexBytes;
        _reclaimed.AddRange(report.Reclaimed);
        _deadBytes = report.DeadBytesLeft;
        return report;
    }

    private bool Keeps(ReadOnlySpan<byte> record, ref long nextDue)
    {
        long due = policy.DueAt(EventView.Open(record));
        nextDue = Math.Min(nextDue, due);
        return due > now;
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
        using var query = new QueryExecution(
            view, [filter], after, ExpiryGuard.None(view.Lsn), wantsRecords: true, TimeProvider.System, cancellation);
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
