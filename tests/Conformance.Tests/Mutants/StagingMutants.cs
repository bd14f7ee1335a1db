using Mortise.Components;
using Mortise.Files;
using Mortise.Records;
using Mortise.Reference;

namespace Mortise.Conformance.Tests.Mutants;

/// <summary>Record stores that break what staging promises.</summary>
internal static class StagingMutants
{
    public static ComponentSubject<IRecordStore> Sound { get; } = new()
    {
        Name = "simple-records, staging",
        Open = (context, cancellation) => SimpleStagingStore.OpenAsync(context, new SimpleRecordStoreOptions(), cancellation),
        Examiner = SimpleStagingStore.Examiner,
    };

    public static IEnumerable<(string Law, string Broken, ComponentSubject<IRecordStore> Subject)> All()
    {
        yield return Of("SG1", "what is staged is counted at once", static store => new CountsStaged(store));
        yield return Of("SG1", "what was unstaged stays where it is", static store => new NeverUnstages(store));
        yield return ("SG1", "a staged reader looks at places only", new ComponentSubject<IRecordStore>
        {
            Name = "reads any",
            Open = Sound.Open,
            Examiner = new ReadsAny(SimpleStagingStore.Examiner),
        });
        yield return Of("SG2", "says that bodies are synced, and does not sync", static store => new NeverSyncs(store));
    }

    private static (string Law, string Broken, ComponentSubject<IRecordStore> Subject) Of(
        string law, string broken, Func<IRecordStore, StagingDecorator> wrap) => (law, broken, new ComponentSubject<IRecordStore>
        {
            Name = broken,
            Open = async (context, cancellation) => wrap(await Sound.Open(context, cancellation)),
            Examiner = Sound.Examiner,
        });

    private class StagingDecorator(IRecordStore inner) : RecordDecorator(inner), IRecordStaging
    {
        protected IRecordStaging Staging { get; } = (IRecordStaging)inner;

        public virtual bool TryStage(ReadOnlySpan<byte> arena, ReadOnlySpan<StagedRecord> records, Span<ulong> checks) =>
            Staging.TryStage(arena, records, checks);

        public virtual void Unstage() => Staging.Unstage();

        public virtual void SyncStaged() => Staging.SyncStaged();
    }

    private sealed class CountsStaged(IRecordStore inner) : StagingDecorator(inner)
    {
        private int _staged;

        public override RecordStoreStatistics Statistics =>
            Inner.Statistics with { LiveRecords = Inner.Statistics.LiveRecords + _staged };

        public override bool TryStage(ReadOnlySpan<byte> arena, ReadOnlySpan<StagedRecord> records, Span<ulong> checks)
        {
            _staged = records.Length;
            return Staging.TryStage(arena, records, checks);
        }

        public override void Apply(in RecordBatch batch)
        {
            _staged = 0;
            Inner.Apply(batch);
        }
    }

    private sealed class NeverUnstages(IRecordStore inner) : StagingDecorator(inner)
    {
        public override void Unstage()
        {
        }
    }

    private sealed class NeverSyncs(IRecordStore inner) : StagingDecorator(inner)
    {
        public override void SyncStaged()
        {
        }
    }

    private sealed class ReadsAny(IExaminer inner) : IExaminer, IStagedRecords, IStagedReader
    {
        public ExaminationSummary Examine(
            IStorageDirectory files, Guid storeId, Action<Finding> report, CancellationToken cancellation) =>
            inner.Examine(files, storeId, report, cancellation);

        public IStagedReader OpenStaged(IStorageDirectory files, Guid storeId) => this;

        public bool TryRead(in StagedRecord record, ulong check, Span<byte> body) => true;

        public void Dispose()
        {
        }
    }
}
