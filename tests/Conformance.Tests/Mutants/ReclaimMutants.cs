using Mortise.Records;

namespace Mortise.Conformance.Tests.Mutants;

/// <summary>A record store whose capability to reclaim is passed on; mutants override what they break.</summary>
internal class ReclaimDecorator(IRecordStore inner) : RecordDecorator(inner), IReclaimable
{
    protected IReclaimable Reclaimable { get; } = (IReclaimable)inner;

    public virtual IReadOnlyList<SegmentUsage> GetUsage() => Reclaimable.GetUsage();

    public virtual void ScanSegment<TSink>(int segment, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct => Reclaimable.ScanSegment(segment, ref sink);

    public virtual ValueTask ReclaimAsync(int segment, CancellationToken cancellation = default) =>
        Reclaimable.ReclaimAsync(segment, cancellation);

    protected List<RecordLocation> Live(int segment)
    {
        RecordCollector sink = new();
        Reclaimable.ScanSegment(segment, ref sink);
        return [.. sink.Records.Select(record => new RecordLocation(record.Location))];
    }

    protected void Delete(IEnumerable<RecordLocation> locations) => Inner.Apply(new RecordBatch(
        Inner.AppliedLsn.Next,
        [],
        [.. locations.Select(location => new RecordMutation(RecordOperation.Delete, location, 0, 0))]));
}

internal sealed class MiscountsSegment(IRecordStore inner) : ReclaimDecorator(inner)
{
    public override IReadOnlyList<SegmentUsage> GetUsage() =>
        [.. Reclaimable.GetUsage().Select(usage => usage.DeadRecords == 0
            ? usage
            : usage with { LiveRecords = usage.LiveRecords + 1, DeadRecords = usage.DeadRecords - 1 })];
}

internal sealed class ReclaimsTooMuch(IRecordStore inner) : ReclaimDecorator(inner)
{
    public override async ValueTask ReclaimAsync(int segment, CancellationToken cancellation = default)
    {
        await Reclaimable.ReclaimAsync(segment, cancellation);
        Delete(Live(Reclaimable.GetUsage()[0].Segment).Take(1));
    }
}

/// <summary>Works out where the next record goes from those that are there.</summary>
internal sealed class ForgetsPlaces : ReclaimDecorator
{
    private readonly ulong _lost;

    public ForgetsPlaces(IRecordStore inner)
        : base(inner)
    {
        RecordLocation[] next = new RecordLocation[1];
        inner.Plan([1], next);
        _lost = Reclaimable.GetUsage().Count == 0 ? next[0].Value - 1 : 0;
    }

    public override void Plan(ReadOnlySpan<int> lengths, Span<RecordLocation> locations)
    {
        Inner.Plan(lengths, locations);
        for (int i = 0; i < lengths.Length; i++)
        {
            locations[i] = new RecordLocation(locations[i].Value - _lost);
        }
    }
}

internal sealed class ReclaimsNothing(IRecordStore inner) : ReclaimDecorator(inner)
{
    public override ValueTask ReclaimAsync(int segment, CancellationToken cancellation = default) => default;
}

internal sealed class ReclaimsLive(IRecordStore inner) : ReclaimDecorator(inner)
{
    public override async ValueTask ReclaimAsync(int segment, CancellationToken cancellation = default)
    {
        if (Live(segment) is { Count: > 0 } live)
        {
            Delete(live);
            await Inner.CheckpointAsync(cancellation);
        }

        await Reclaimable.ReclaimAsync(segment, cancellation);
    }
}

/// <summary>Says that a segment is gone, and keeps it on disk.</summary>
internal sealed class ReclaimsInMemory(IRecordStore inner) : ReclaimDecorator(inner)
{
    public override ValueTask ReclaimAsync(int segment, CancellationToken cancellation = default) => default;
}
