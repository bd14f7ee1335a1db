using Mortise.Components;
using Mortise.Files;
using Mortise.Logging;

namespace Mortise.Engine;

/// <summary>Shows and verifies the log of a store that may be closed, damaged or in use.</summary>
/// <remarks>Takes no lock and writes nothing; the store itself is not opened.</remarks>
public static class LogExamination
{
    /// <summary>Visits the log's records of a range, and every place where one should be and is not.</summary>
    /// <param name="composition">The stack; its root is read only.</param>
    /// <param name="from">The first record wanted.</param>
    /// <param name="to">The last record wanted.</param>
    /// <param name="visit">Called once per record or place.</param>
    /// <param name="cancellation">Stops with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.NotFound"/> when there is no log,
    /// <see cref="StorageErrorCode.Unsupported"/> when its component cannot show it.</exception>
    public static void Dump(
        StoreComposition composition, Lsn from, Lsn to, LogDumpVisitor visit, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(composition);
        ArgumentNullException.ThrowIfNull(visit);
        Dumper(composition).Dump(Directory(composition), from, to, visit, cancellation);
    }

    /// <summary>Verifies the whole log. Works without a manifest; with one, also that the files belong to the
    /// store.</summary>
    /// <param name="composition">The stack; its root is read only.</param>
    /// <param name="cancellation">Stops with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="StorageException">As <see cref="Dump"/>.</exception>
    public static LogVerification Verify(StoreComposition composition, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(composition);
        long whole = 0;
        Lsn first = Lsn.None;
        Lsn last = Lsn.None;
        var torn = new List<LogDumpRecord>();
        var findings = new List<Finding>();
        StoreManifest? manifest = TryReadManifest(composition.Root);
        using var bodies = new BodyVerification(composition, manifest);
        Dump(composition, Lsn.None, new Lsn(ulong.MaxValue), Visit, cancellation);
        ExaminationSummary? summary = null;
        if (manifest is not null && composition.Log.Examiner is { } examiner)
        {
            // The examiner knows more than the dump: the store's id, and how far the log was durable.
            findings.Clear();
            summary = examiner.Examine(Directory(composition), manifest.StoreId, findings.Add, cancellation);
        }

        if (bodies.Finding is { } damage)
        {
            findings.Add(damage);
        }

        return new LogVerification
        {
            Records = whole,
            FirstLsn = first,
            LastLsn = last,
            Torn = torn,
            Findings = findings,
            Summary = summary,
            BodiesTornFrom = bodies.Finding is null ? bodies.TornFrom : Lsn.None,
        };

        bool Visit(in LogDumpRecord record, ReadOnlySpan<byte> payload)
        {
            switch (record.State)
            {
                case LogDumpState.Whole:
                    whole++;
                    first = first == Lsn.None ? record.Lsn : first;
                    last = record.Lsn;
                    bodies.Visit(record, payload);
                    break;
                case LogDumpState.Torn:
                    torn.Add(record);
                    break;
                case LogDumpState.Damaged:
                    findings.Add(new Finding(
                        "log-record", record.File, record.Offset, $"record {record.Lsn}: {record.Note}"));
                    break;
                default:
                    break;
            }

            return true;
        }
    }

    private static ILogDumper Dumper(StoreComposition composition) =>
        composition.Log.Examiner as ILogDumper
        ?? throw new StorageException(
            StorageErrorCode.Unsupported,
            $"the log {composition.Log.Identity.ComponentId} cannot show its records",
            advice: "name one that can, such as mortise.wal");

    private static IStorageDirectory Directory(StoreComposition composition) =>
        composition.Root.Exists(OpenedParts.LogDirectory)
            ? new OverlayDirectory(composition.Root).OpenDirectory(OpenedParts.LogDirectory)
            : throw new StorageException(StorageErrorCode.NotFound, "there is no log here", OpenedParts.LogDirectory);

    private static StoreManifest? TryReadManifest(IStorageDirectory root)
    {
        try
        {
            return ManifestFile.TryRead(root);
        }
        catch (StorageException e) when (e.Code is StorageErrorCode.Corrupt or StorageErrorCode.FormatTooNew)
        {
            // A damaged manifest is doctor's to report; the log can be read without it.
            return null;
        }
    }
}

/// <summary>What verifying a log found.</summary>
public sealed class LogVerification
{
    /// <summary>Whole records.</summary>
    public required long Records { get; init; }

    /// <summary>The first of them; <see cref="Lsn.None"/> without any.</summary>
    public required Lsn FirstLsn { get; init; }

    /// <summary>The last of them.</summary>
    public required Lsn LastLsn { get; init; }

    /// <summary>What a crash left behind the last record. Not damage: opening cuts it.</summary>
    public required IReadOnlyList<LogDumpRecord> Torn { get; init; }

    /// <summary>The first commit whose bodies, written ahead of it to the record store, a crash has torn; opening gives it up
    /// and all behind it. <see cref="Lsn.None"/> for none.</summary>
    public Lsn BodiesTornFrom { get; init; }

    /// <summary>Damage.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>What the component's examiner says; null when the manifest cannot be read.</summary>
    public required ExaminationSummary? Summary { get; init; }
}
