using Mortise.Components;
using Mortise.Files;
using Mortise.Records;
using Mortise.Reference;

namespace Mortise.Conformance.Tests.Mutants;

/// <summary>Record stores that break what salvaging, quarantine and copies promise.</summary>
internal static class MendingMutants
{
    public static ComponentSubject<IRecordStore> Sound { get; } = new()
    {
        Name = "filed-records",
        Open = (context, cancellation) => FiledRecordStore.OpenAsync(context, new SimpleRecordStoreOptions(), cancellation),
        Examiner = FiledRecordStore.Examiner,
    };

    public static IEnumerable<(string Law, string Broken, ComponentSubject<IRecordStore> Subject)> All() =>
        [.. Salvaging(), .. Mending(), .. Copying()];

    private static IEnumerable<(string Law, string Broken, ComponentSubject<IRecordStore> Subject)> Salvaging()
    {
        yield return Of("RV1", "a salvage begins at the second record", static store => new Skips(store));
        yield return Of("RV1", "a salvage does not hear that a sink wants no more", static store => new GoesOn(store));
        yield return Of("RV2", "a salvage passes over damage in silence", static store => new KeepsSilent(store));
        yield return Of("RV2", "a salvage ends at the first damage", static store => new EndsAtDamage(store));
    }

    private static IEnumerable<(string Law, string Broken, ComponentSubject<IRecordStore> Subject)> Mending()
    {
        yield return Of("RQ1", "a quarantine does not ask whether the store is open", new Mender
        {
            Files = static files => new BrokenDirectory(files) { OnLock = static _ => new MemoryStream() },
        });
        yield return Of("RQ1", "a quarantine writes the list of a sound store anew", new Mender
        {
            After = static (files, storeId) => RecordFiles.WriteList(files, storeId, RecordFiles.ReadList(files, storeId)!),
        });
        yield return Of("RQ2", "a quarantine says nothing of what is lost", new Mender { IsSilent = true });
        yield return Of("RQ2", "a lost list is made anew from what is durable and what is not", new Mender { Durable = 3 });
        yield return Of("RQ2", "what is lost takes its neighbour with it", new Mender
        {
            After = static (files, _) =>
            {
                foreach (StorageEntry entry in files.List().Where(static e => e.Name.StartsWith("lost-", StringComparison.Ordinal)))
                {
                    string[] names =
                    [
                        .. files.List().Select(static e => e.Name)
                            .Where(name => name.StartsWith("record-", StringComparison.Ordinal)).TakeLast(4),
                    ];
                    Array.ForEach(names, name => files.Rename(name, "lost-" + name["record-".Length..]));
                }
            },
        });
        yield return Of("RQ3", "a quarantine deletes what is damaged", new Mender
        {
            After = static (files, _) =>
            {
                foreach (StorageEntry entry in files.List().Where(static e => e.Name.StartsWith("lost-", StringComparison.Ordinal)))
                {
                    files.Delete(entry.Name);
                    files.Open(entry.Name, FileIntent.CreateNew).Dispose();
                }
            },
        });
        yield return Of("RQ4", "a quarantine that was begun counts as done", new BegunIsDone());
    }

    private static IEnumerable<(string Law, string Broken, ComponentSubject<IRecordStore> Subject)> Copying()
    {
        yield return Of("RD1", "a copy leaves out the newest record", new Copier { LeavesOut = true });
        yield return Of("RD1", "a copy writes into the source", new Copier
        {
            Before = static (files, _) => files.Open("copied", FileIntent.OpenOrCreate).Dispose(),
        });
        yield return Of("RD2", "every copy begins anew", new Copier
        {
            Before = static (_, target) =>
            {
                foreach (StorageEntry entry in target.List())
                {
                    target.Delete(entry.Name);
                }
            },
        });
        yield return Of("RD3", "the list is copied before the records", new Copier { IsListFirst = true });
        yield return Of("RD4", "a copy does not look at what it copies", new Copier { IsSilent = true });
        yield return Of("RD5", "a copy takes another store's place", new Copier { TakesForeign = true });
    }

    private static bool IsForeign(IStorageDirectory target, Guid storeId)
    {
        try
        {
            RecordFiles.ReadList(target, storeId);
            return false;
        }
        catch (StorageException error) when (error.Code == StorageErrorCode.ForeignFile)
        {
            return true;
        }
    }

    private static (string Law, string Broken, ComponentSubject<IRecordStore> Subject) Of(
        string law, string broken, Func<IRecordStore, IRecordStore> wrap) => (law, broken, new ComponentSubject<IRecordStore>
        {
            Name = broken,
            Open = async (context, cancellation) => wrap(await Sound.Open(context, cancellation)),
            Examiner = Sound.Examiner,
        });

    private static (string Law, string Broken, ComponentSubject<IRecordStore> Subject) Of(
        string law, string broken, IExaminer examiner) => (law, broken, new ComponentSubject<IRecordStore>
        {
            Name = broken,
            Open = Sound.Open,
            Examiner = examiner,
        });

    private abstract class Salvager(IRecordStore inner) : RecordDecorator(inner), IRecordSalvage
    {
        public abstract void Salvage<TSink>(ScanDirection direction, Action<Finding> report, ref TSink sink)
            where TSink : struct, IRecordSink, allows ref struct;

        protected List<ReadRecord> Sound(ScanDirection direction, Action<Finding> report)
        {
            RecordCollector all = new();
            ((IRecordSalvage)Inner).Salvage(direction, report, ref all);
            return all.Records;
        }

        protected static void Push<TSink>(IEnumerable<ReadRecord> records, ref TSink sink, bool isHeard = true)
            where TSink : struct, IRecordSink, allows ref struct
        {
            foreach (ReadRecord record in records)
            {
                if (!sink.Accept(new RecordLocation(record.Location), record.Body, record.Info) && isHeard)
                {
                    return;
                }
            }
        }
    }

    private sealed class Skips(IRecordStore inner) : Salvager(inner)
    {
        public override void Salvage<TSink>(ScanDirection direction, Action<Finding> report, ref TSink sink) =>
            Push(Sound(direction, report).Skip(1), ref sink);
    }

    private sealed class GoesOn(IRecordStore inner) : Salvager(inner)
    {
        public override void Salvage<TSink>(ScanDirection direction, Action<Finding> report, ref TSink sink) =>
            Push(Sound(direction, report), ref sink, isHeard: false);
    }

    private sealed class KeepsSilent(IRecordStore inner) : Salvager(inner)
    {
        public override void Salvage<TSink>(ScanDirection direction, Action<Finding> report, ref TSink sink) =>
            Push(Sound(direction, static _ => { }), ref sink);
    }

    private sealed class EndsAtDamage(IRecordStore inner) : Salvager(inner)
    {
        public override void Salvage<TSink>(ScanDirection direction, Action<Finding> report, ref TSink sink)
        {
            List<Finding> found = [];
            List<ReadRecord> all = Sound(direction, found.Add);
            if (found.Count > 0)
            {
                report(found[0]);
                ulong at = Convert.ToUInt64(found[0].File["record-".Length..], 16);
                all.RemoveAll(record => direction == ScanDirection.Forward ? record.Location > at : record.Location < at);
            }

            Push(all, ref sink);
        }
    }

    private abstract class Examiner : IExaminer, IQuarantine, IDurableCopier
    {
        public ExaminationSummary Examine(
            IStorageDirectory files, Guid storeId, Action<Finding> report, CancellationToken cancellation) =>
            FiledRecordStore.Examiner.Examine(files, storeId, report, cancellation);

        public virtual QuarantineSummary Quarantine(
            IStorageDirectory files, Guid storeId, Lsn durable, Action<Finding> report, CancellationToken cancellation) =>
            ((IQuarantine)FiledRecordStore.Examiner).Quarantine(files, storeId, durable, report, cancellation);

        public virtual CopySummary Copy(
            IStorageDirectory files, Guid storeId, IStorageDirectory target, Action<Finding> report,
            CancellationToken cancellation) =>
            ((IDurableCopier)FiledRecordStore.Examiner).Copy(files, storeId, target, report, cancellation);
    }

    private sealed class Mender : Examiner
    {
        public Func<IStorageDirectory, IStorageDirectory> Files { get; init; } = static files => files;

        public Action<IStorageDirectory, Guid>? After { get; init; }

        public bool IsSilent { get; init; }

        public ulong? Durable { get; init; }

        public override QuarantineSummary Quarantine(
            IStorageDirectory files, Guid storeId, Lsn durable, Action<Finding> report, CancellationToken cancellation)
        {
            QuarantineSummary summary = base.Quarantine(
                Files(files),
                storeId,
                Durable is { } other ? new Lsn(other) : durable,
                IsSilent ? static _ => { }
            : report,
                cancellation);
            After?.Invoke(files, storeId);
            return summary;
        }
    }

    private sealed class BegunIsDone : Examiner
    {
        public override QuarantineSummary Quarantine(
            IStorageDirectory files, Guid storeId, Lsn durable, Action<Finding> report, CancellationToken cancellation)
        {
            if (files.Exists("begun"))
            {
                return default;
            }

            List<Finding> found = [];
            Examine(files, storeId, found.Add, cancellation);
            if (found.Count > 0)
            {
                files.Open("begun", FileIntent.CreateNew).Dispose();
                files.Sync();
            }

            return base.Quarantine(files, storeId, durable, report, cancellation);
        }
    }

    private sealed class Copier : Examiner
    {
        public Action<IStorageDirectory, IStorageDirectory>? Before { get; init; }

        public bool LeavesOut { get; init; }

        public bool IsListFirst { get; init; }

        public bool IsSilent { get; init; }

        public bool TakesForeign { get; init; }

        public override CopySummary Copy(
            IStorageDirectory files, Guid storeId, IStorageDirectory target, Action<Finding> report,
            CancellationToken cancellation)
        {
            Before?.Invoke(files, target);
            if (TakesForeign && target.Exists(RecordFiles.ListName) && IsForeign(target, storeId))
            {
                target.Delete(RecordFiles.ListName);
            }

            if (IsListFirst && RecordFiles.ReadList(files, storeId) is { } list)
            {
                RecordFiles.WriteList(target, storeId, list);
            }

            CopySummary summary = base.Copy(files, storeId, target, IsSilent ? static _ => { } : report, cancellation);
            if (LeavesOut && RecordFiles.ReadList(target, storeId) is { } copied)
            {
                RecordFiles.WriteList(target, storeId, copied with { Records = copied.Records.Remove(copied.Records.Keys.Last()) });
            }

            return summary;
        }
    }
}
