using System.Collections.Immutable;
using Mortise.Components;
using Mortise.Files;

namespace Mortise.Reference;

/// <summary>Checks, mends and copies the files of <see cref="FiledRecordStore"/>.</summary>
internal sealed class FiledRecordsExaminer : IExaminer, IQuarantine, IDurableCopier
{
    /// <inheritdoc/>
    public ExaminationSummary Examine(
        IStorageDirectory files, Guid storeId, Action<Finding> report, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        SortedDictionary<ulong, StorageException> damaged = [];
        RecordState? state = null;
        try
        {
            state = RecordFiles.Load(files, storeId, damaged);
        }
        catch (StorageException error) when (error.Code != StorageErrorCode.Io)
        {
            report(new Finding("list", RecordFiles.ListName, error.Offset, error.Message));
        }

        Report(damaged, report);
        int records = state?.Records.Count ?? 0;
        return new ExaminationSummary { Files = records + (state is null ? 0 : 1), Bytes = 0, Items = records };
    }

    /// <inheritdoc/>
    public QuarantineSummary Quarantine(
        IStorageDirectory files, Guid storeId, Lsn durable, Action<Finding> report, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using IDisposable held = files.TryLock(RecordFiles.LockName)
            ?? throw new StorageException(StorageErrorCode.Locked, "the records are open elsewhere", files.Path);
        QuarantineSummary done = default;
        SortedDictionary<ulong, StorageException> damaged = [];
        try
        {
            if (RecordFiles.Load(files, storeId, damaged) is null && durable != Lsn.None)
            {
                done = MakeList(files, storeId, durable, report);
            }
        }
        catch (StorageException error) when (error.Code == StorageErrorCode.Corrupt && durable != Lsn.None)
        {
            SetAside(files, RecordFiles.ListName, Aside(files), report);
            files.Sync();
            done = MakeList(files, storeId, durable, report);
            done = done with { FilesSetAside = done.FilesSetAside + 1 };
        }

        Report(damaged, report);
        foreach (ulong location in damaged.Keys)
        {
            done = Add(done, SetAside(files, location, report));
        }

        if (damaged.Count > 0)
        {
            files.Sync();
        }

        return done;
    }

    /// <inheritdoc/>
    public CopySummary Copy(
        IStorageDirectory files,
        Guid storeId,
        IStorageDirectory target,
        Action<Finding> report,
        CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        RecordState state = RecordFiles.ReadList(files, storeId) ?? RecordState.Empty;
        RecordState? earlier = RecordFiles.ReadList(target, storeId);
        var copied = new CopySummary(state.Lsn, 0, 0, 0, 0);
        foreach (ulong location in state.Records.Keys)
        {
            cancellation.ThrowIfCancellationRequested();
            bool isLost = files.Exists(RecordFiles.LostName(location));
            string name = isLost ? RecordFiles.LostName(location) : RecordFiles.RecordName(location);
            byte[]? bytes = Bytes(files, name);
            try
            {
                _ = isLost ? null : RecordFiles.ReadRecord(files, storeId, location);
            }
            catch (StorageException error) when (error.Code == StorageErrorCode.Corrupt)
            {
                report(new Finding("record", name, 0, error.Message));
            }

            if (bytes is null)
            {
                continue;
            }

            bool isThere = Bytes(target, name) is { } there && there.AsSpan().SequenceEqual(bytes);
            copied = isThere
                ? copied with { FilesKept = copied.FilesKept + 1, BytesKept = copied.BytesKept + bytes.Length }
                : copied with { FilesCopied = copied.FilesCopied + 1, BytesCopied = copied.BytesCopied + bytes.Length };
            if (!isThere)
            {
                Write(target, name, bytes);
            }
        }

        target.Sync();
        if (earlier is null || earlier.Lsn != state.Lsn)
        {
            RecordFiles.WriteList(target, storeId, state);
        }

        return copied;
    }

    /// <summary>The list is lost: all records that can be read and were durable are there, deleted ones as
    /// well.</summary>
    private static QuarantineSummary MakeList(
        IStorageDirectory files, Guid storeId, Lsn durable, Action<Finding> report)
    {
        report(new Finding(
            "list-lost", RecordFiles.ListName, -1, "made anew; records that were deleted are there again"));
        QuarantineSummary done = default;
        ulong next = 1;
        ImmutableSortedDictionary<ulong, StoredRecord>.Builder records =
            ImmutableSortedDictionary.CreateBuilder<ulong, StoredRecord>();
        foreach (ulong location in RecordFiles.Locations(files))
        {
            byte[]? bytes = Bytes(files, RecordFiles.RecordName(location))
                ?? Bytes(files, RecordFiles.LostName(location));
            next = Math.Max(next, location + (ulong)Math.Max(bytes!.Length, 1));
            if (files.Exists(RecordFiles.LostName(location)))
            {
                continue;
            }

            try
            {
                StoredRecord record = RecordFiles.ReadRecord(files, storeId, location);
                if (record.Lsn <= durable)
                {
                    records[location] = record;
                }
            }
            catch (StorageException error) when (error.Code == StorageErrorCode.Corrupt)
            {
                done = Add(done, SetAside(files, location, report));
            }
        }

        RecordFiles.WriteList(files, storeId, new RecordState(durable, next, records.ToImmutable()));
        return done with { RecordsLost = -1 };
    }

    /// <returns>Bytes that are lost.</returns>
    private static long SetAside(IStorageDirectory files, ulong location, Action<Finding> report)
    {
        string name = RecordFiles.RecordName(location);
        string lost = RecordFiles.LostName(location);
        if (Bytes(files, name) is { } bytes)
        {
            SetAside(files, name, lost, report);
            return bytes.Length;
        }

        files.Open(lost, FileIntent.CreateNew).Dispose();
        return 0;
    }

    private static void SetAside(IStorageDirectory files, string name, string aside, Action<Finding> report)
    {
        files.Rename(name, aside);
        report(new Finding("set-aside", aside, -1, $"{name} is kept under this name"));
    }

    private static QuarantineSummary Add(QuarantineSummary done, long bytes) =>
        new(done.FilesSetAside + 1, done.BytesLost + bytes, done.RecordsLost + 1);

    private static string Aside(IStorageDirectory files)
    {
        int number = 1;
        while (files.Exists($"{RecordFiles.ListName}.damaged-{number}"))
        {
            number++;
        }

        return $"{RecordFiles.ListName}.damaged-{number}";
    }

    private static void Report(SortedDictionary<ulong, StorageException> damaged, Action<Finding> report)
    {
        foreach ((ulong location, StorageException error) in damaged)
        {
            report(new Finding("record", RecordFiles.RecordName(location), 0, error.Message));
        }
    }

    private static byte[]? Bytes(IStorageDirectory files, string name)
    {
        if (!files.Exists(name))
        {
            return null;
        }

        using IStorageFile file = files.Open(name, FileIntent.Read);
        byte[] bytes = new byte[file.Length];
        _ = file.Read(bytes, 0);
        return bytes;
    }

    private static void Write(IStorageDirectory target, string name, byte[] bytes)
    {
        const string Draft = "copy.new";
        SnapshotFile.DeleteIfPresent(target, Draft);
        using (IStorageFile file = target.Open(Draft, FileIntent.CreateNew))
        {
            file.Write(bytes, 0);
            file.Sync(SyncKind.Full);
        }

        target.Rename(Draft, name);
    }
}
