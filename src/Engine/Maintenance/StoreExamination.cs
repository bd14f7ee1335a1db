using Mortise.Components;
using Mortise.Files;
using Mortise.Indexing;

namespace Mortise.Engine;

/// <summary>Examines a store that may be closed, damaged or in use: each part's files, then whether the parts agree.</summary>
/// <remarks>Takes no lock and writes nothing: examiners read files, and the agreement check opens the store over an
/// <see cref="OverlayDirectory"/>, so that even a recovery happens in memory only. On a store that is being written to,
/// findings may be of the moment; close it for a verdict.</remarks>
public static class StoreExamination
{
    /// <summary>Examines all parts of a store.</summary>
    /// <param name="composition">The stack; its root is read only.</param>
    /// <param name="projections">By the names that the families use.</param>
    /// <param name="cancellation">Stops with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="StorageException">There is no store, too much is lost to tell which one it is, or the device
    /// fails.</exception>
    public static ValueTask<ExaminationReport> RunAsync(
        StoreComposition composition,
        IReadOnlyDictionary<string, IKeyProjection> projections,
        CancellationToken cancellation = default) =>
        RunAsync(composition, projections, null, cancellation);

    /// <summary>As <see cref="RunAsync(StoreComposition, IReadOnlyDictionary{string, IKeyProjection}, CancellationToken)"/>,
    /// and has the domain check each live record. Records are checked even when an index keeps the store from
    /// opening.</summary>
    public static async ValueTask<ExaminationReport> RunAsync(
        StoreComposition composition,
        IReadOnlyDictionary<string, IKeyProjection> projections,
        RecordCheck? checkRecord,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(composition);
        using IScratch? scratch = composition.Scratch?.Invoke();
        var overlay = new OverlayDirectory(composition.Root, scratch);
        (StoreManifest? manifest, StorageException? lost) = ReadManifest(overlay);
        Guid storeId = manifest?.StoreId ?? FindStoreId(composition, overlay) ?? throw lost!;
        var parts = new List<ExaminedPart>();
        Examine("wal", composition.Log.Examiner, OpenedParts.LogDirectory);
        Examine("records", composition.Records.Examiner, OpenedParts.RecordsDirectory);
        foreach (FamilyPart family in composition.Families)
        {
            ManifestFamily? recorded = manifest?.Families.FirstOrDefault(f => f.Name == family.Name);
            IStorageDirectory directory = overlay.OpenDirectory(OpenedParts.IndexesDirectory)
                .OpenDirectory(recorded?.DirectoryName ?? family.Name);
            foreach (string partition in Partitions(manifest, recorded, directory))
            {
                parts.Add(ExamineOne(
                    $"indexes/{family.Name}/{partition}",
                    family.Structure.Examiner,
                    directory.OpenDirectory(partition),
                    storeId,
                    cancellation));
            }
        }

        if (manifest is null)
        {
            return new ExaminationReport
            {
                Manifest = null,
                Parts = parts,
                Open = null,
                Agreement = null,
                Records = null,
                OpenFailure = lost,
            };
        }

        var opened = new OpenedExamination(composition, projections, cancellation);
        await opened.RunAsync(overlay, checkRecord).ConfigureAwait(false);
        AddDamage(opened.Open, parts);
        return new ExaminationReport
        {
            Manifest = manifest,
            Parts = parts,
            Open = opened.Open,
            Agreement = opened.Agreement,
            Records = opened.Records,
            OpenFailure = opened.Failure,
        };

        void Examine(string instance, IExaminer? examiner, string directory) => parts.Add(
            ExamineOne(instance, examiner, overlay.OpenDirectory(directory), storeId, cancellation));
    }

    /// <summary>An index whose files are sound, but old or gone, is known by what opening says of it.</summary>
    private static void AddDamage(OpenReport? open, List<ExaminedPart> parts)
    {
        foreach (RebuiltFamily family in open?.Rebuilt ?? [])
        {
            string prefix = $"{OpenedParts.IndexesDirectory}/{family.Family}";
            bool IsOfFamily(ExaminedPart part) => part.Instance.StartsWith(prefix + "/", StringComparison.Ordinal);
            int at = parts.FindIndex(IsOfFamily);
            if (family.IsDamage && at >= 0 && !parts.Exists(part => IsOfFamily(part) && part.Findings.Count > 0))
            {
                parts[at] = parts[at] with { Findings = [new Finding("stale", prefix, -1, family.Reason)] };
            }
        }
    }

    private static (StoreManifest? Manifest, StorageException? Lost) ReadManifest(OverlayDirectory root)
    {
        try
        {
            return ManifestFile.TryRead(root) is { } manifest
                ? (manifest, null)
                : (null, new StorageException(
                    StorageErrorCode.NotFound,
                    "there is no store here, or its manifest is lost",
                    ManifestFile.Name,
                    advice: "'mortise doctor --quarantine' makes a lost manifest anew"));
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.Corrupt)
        {
            return (null, e);
        }
    }

    /// <summary>What the files say themselves.</summary>
    private static Guid? FindStoreId(StoreComposition stack, OverlayDirectory root) =>
        stack.Records.Examiner?.FindStoreId(root.OpenDirectory(OpenedParts.RecordsDirectory))
        ?? stack.Log.Examiner?.FindStoreId(root.OpenDirectory(OpenedParts.LogDirectory));

    private static IEnumerable<string> Partitions(
        StoreManifest? manifest, ManifestFamily? recorded, IStorageDirectory directory) =>
        manifest is null
            ? directory.List().Where(static entry => entry.IsDirectory).Select(static entry => entry.Name)
            : recorded?.Partitions.Select(static p => p.DirectoryName) ?? [];

    private static ExaminedPart ExamineOne(
        string instance, IExaminer? examiner, IStorageDirectory files, Guid storeId, CancellationToken cancellation)
    {
        var findings = new List<Finding>();
        ExaminationSummary? summary = examiner?.Examine(files, storeId, findings.Add, cancellation);
        return new ExaminedPart(instance, summary, findings);
    }
}

/// <summary>What an examination found.</summary>
public sealed class ExaminationReport
{
    /// <summary>The manifest; null when it is lost, and then <see cref="OpenFailure"/> says why.</summary>
    public required StoreManifest? Manifest { get; init; }

    /// <summary>Each part's files.</summary>
    public required IReadOnlyList<ExaminedPart> Parts { get; init; }

    /// <summary>What opening would find and do; null when the store does not open.</summary>
    public required OpenReport? Open { get; init; }

    /// <summary>Whether families and records agree; null when the store cannot be opened and read whole.</summary>
    public required AgreementReport? Agreement { get; init; }

    /// <summary>What the domain says of the live records; null when they cannot be opened or nobody asked.</summary>
    public required ExaminedRecords? Records { get; init; }

    /// <summary>Why the store does not open or cannot be read whole; null when it does and can.</summary>
    public required StorageException? OpenFailure { get; init; }

    /// <summary>True when nothing was found.</summary>
    public bool IsClean =>
        OpenFailure is null
        && Agreement is { IsClean: true }
        && Records is null or { Problems: 0 }
        && Parts.All(static p => p.Findings.Count == 0);
}

/// <summary>What was found in one part's files.</summary>
/// <param name="Instance">The part's name: <c>wal</c>, <c>indexes/author/all</c>.</param>
/// <param name="Summary">What was looked at; null when the component has no examiner.</param>
/// <param name="Findings">What is wrong.</param>
public sealed record ExaminedPart(string Instance, ExaminationSummary? Summary, IReadOnlyList<Finding> Findings);
