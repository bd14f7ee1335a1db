using Mortise.Components;
using Mortise.Files;
using Mortise.Logging;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Makes a damaged store open again: sets damaged record files aside, and writes a lost manifest anew.</summary>
/// <remarks>For parts that nothing can rebuild. Nothing is destroyed; what is lost is reported. Afterwards every index has to
/// be rebuilt, because its entries may name records that are gone: open the store with
/// <see cref="StoreComposition.RebuildFamilies"/>.</remarks>
public static class StoreQuarantine
{
    /// <summary>Mends a store that nobody has open.</summary>
    /// <param name="stack">The stack over the store.</param>
    /// <param name="cancellation">Stops with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Unsupported"/> when the record store cannot;
    /// <see cref="StorageErrorCode.Locked"/> when the store is open; <see cref="StorageErrorCode.Corrupt"/> when too much is
    /// lost.</exception>
    public static QuarantineReport Run(StoreComposition stack, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(stack);
        if (stack.Records.Examiner is not IQuarantine records)
        {
            throw new StorageException(
                StorageErrorCode.Unsupported,
                $"the record store {stack.Records.Identity.ComponentId} cannot set damage aside");
        }

        using IDisposable held = stack.Root.TryLock(OpenedParts.LockName)
            ?? throw new StorageException(
                StorageErrorCode.Locked,
                "the store is open in another process",
                OpenedParts.LockName,
                advice: "close it there first");
        var findings = new List<Finding>();
        StoreManifest? manifest = TryReadManifest(stack.Root, findings);
        IStorageDirectory files = stack.Root.OpenDirectory(OpenedParts.RecordsDirectory);
        Guid storeId = manifest?.StoreId ?? stack.Records.Examiner.FindStoreId(files)
            ?? throw new StorageException(
                StorageErrorCode.Corrupt,
                "the manifest is lost, and no record file says which store it belongs to",
                ManifestFile.Name,
                advice: "restore a backup");
        var durable = new Lsn(manifest?.RecordsDurableLsn ?? 0);
        RecordLocation? next = manifest is null ? null : NextInLog(stack, durable, cancellation);
        QuarantineSummary summary = records.Quarantine(files, storeId, durable, next, findings.Add, cancellation);
        if (manifest is null)
        {
            // As for a copy: the records say how far they have got, the log goes on from there.
            ManifestFile.Write(stack.Root, new StoreManifest
            {
                IsCopy = true,
                StoreId = storeId,
                CheckpointLsn = 0,
                Log = ManifestPart.From(stack.Log.Identity),
                Records = ManifestPart.From(stack.Records.Identity),
                RecordsDurableLsn = 0,
                Families = [],
            });
        }

        return new QuarantineReport(summary, findings);
    }

    /// <summary>Where the log says that the first record behind a commit goes: there the records have to end, or what the log
    /// has does not fit on.</summary>
    private static RecordLocation? NextInLog(StoreComposition stack, Lsn durable, CancellationToken cancellation)
    {
        if (stack.Log.Examiner is not ILogDumper log || !stack.Root.Exists(OpenedParts.LogDirectory))
        {
            return null;
        }

        RecordLocation? next = null;
        var commit = new CommitContent();
        log.Dump(
            stack.Root.OpenDirectory(OpenedParts.LogDirectory),
            durable.Next,
            new Lsn(ulong.MaxValue),
            (in LogDumpRecord record, ReadOnlySpan<byte> payload) =>
            {
                if (record.State != LogDumpState.Whole)
                {
                    // Of what lies behind nobody knows whether a put came before it.
                    return false;
                }

                CommitFormat.Read(record.Lsn, payload, commit);
                int put = commit.Mutations.FindIndex(static mutation => mutation.Operation == RecordOperation.Put);
                next = put < 0 ? null : commit.Mutations[put].Location;
                return put < 0;
            },
            cancellation);
        return next;
    }

    private static StoreManifest? TryReadManifest(IStorageDirectory root, List<Finding> findings)
    {
        try
        {
            if (ManifestFile.TryRead(root) is { } manifest)
            {
                return manifest;
            }

            findings.Add(new Finding("manifest-lost", ManifestFile.Name, -1, "is missing; made anew from the record files"));
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.Corrupt)
        {
            findings.Add(new Finding(
                "manifest-lost", ManifestFile.Name, e.Offset, "made anew from the record files: " + e.Message));
        }

        return null;
    }
}

/// <summary>What a quarantine did.</summary>
/// <param name="Records">Of the records.</param>
/// <param name="Findings">What is lost, and under which names damaged files are kept.</param>
public sealed record QuarantineReport(QuarantineSummary Records, IReadOnlyList<Finding> Findings);
