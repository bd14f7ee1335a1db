using Mortise.Components;
using Mortise.Indexing;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>The part of an examination that needs an open store: agreement of the families, and each record.</summary>
internal sealed class OpenedExamination(
    StoreComposition composition,
    IReadOnlyDictionary<string, IKeyProjection> projections,
    CancellationToken cancellation)
{
    public OpenReport? Open { get; private set; }

    public AgreementReport? Agreement { get; private set; }

    public ExaminedRecords? Records { get; private set; }

    public StorageException? Failure { get; private set; }

    public async ValueTask RunAsync(OverlayDirectory overlay, RecordCheck? checkRecord)
    {
        // Caches are not shared with whoever else uses the composition: this reads everything once.
        StoreComposition stack = composition with { Root = overlay, CacheGrants = static _ => null };
        StorageException? aside = null;
        Failure = await TryAsync(stack, (opener, view) =>
        {
            Open = opener.Report;
            Agreement = AgreementCheck.Run(view, cancellation);
            aside = opener.SetAside.Count > 0 ? opener.SetAside[0].Cause : null;
        }).ConfigureAwait(false);
        Failure ??= aside;
        if (checkRecord is null)
        {
            return;
        }

        // Without families: records that can be read are looked at, whatever became of the indexes.
        StorageException? failure = await TryAsync(
            stack with { Root = new OverlayDirectory(composition.Root), Families = [] },
            (_, view) => Records = Check(view.Records, checkRecord)).ConfigureAwait(false);
        Failure ??= failure;
    }

    private async ValueTask<StorageException?> TryAsync(StoreComposition stack, Action<StoreOpener, StoreView> look)
    {
        var parts = new OpenedParts(stack);
        try
        {
            var opener = new StoreOpener(parts, projections);
            await opener.OpenAsync(cancellation).ConfigureAwait(false);
            await using (parts.ConfigureAwait(false))
            {
                using var versions = new VersionHolder(parts);
                versions.Publish(parts.Log.LastLsn, parts.Families);
                using StoreView view = versions.OpenView();
                look(opener, view);
                return null;
            }
        }
        catch (StorageException e)
        {
            return e;
        }
    }

    private ExaminedRecords Check(IRecordStore records, RecordCheck check)
    {
        var pass = new Pass(check, cancellation);
        var sink = new PassSink(pass);
        if (records.TryGet(out IRecordSalvage? salvage))
        {
            // Around damage; the examiner of the record store has reported that.
            salvage.Salvage(ScanDirection.Forward, static _ => { }, ref sink);
            return pass.Report();
        }

        try
        {
            records.Scan(ScanDirection.Forward, ref sink);
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.Corrupt)
        {
            // A scan ends at a damaged record; the examiner of the record store looks at all of them.
            pass.Add(new Finding(
                "record", e.File ?? "", e.Offset, "records behind this one were not looked at: " + e.Message));
        }

        return pass.Report();
    }

    private sealed class Pass(RecordCheck check, CancellationToken cancellation)
    {
        private readonly List<Finding> _findings = [];
        private long _checked;
        private long _problems;

        public void Look(RecordLocation location, ReadOnlySpan<byte> record)
        {
            cancellation.ThrowIfCancellationRequested();
            _checked++;
            if (check(location, record) is { } finding)
            {
                Add(finding);
            }
        }

        public void Add(Finding finding)
        {
            _problems++;
            if (_findings.Count < ExaminedRecords.MaxFindings)
            {
                _findings.Add(finding);
            }
        }

        public ExaminedRecords Report() => new() { Checked = _checked, Problems = _problems, Findings = _findings };
    }

    private readonly struct PassSink(Pass pass) : IRecordSink
    {
        public bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info)
        {
            pass.Look(location, record);
            return true;
        }
    }
}
