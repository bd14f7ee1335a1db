using System.Runtime.InteropServices;
using Mortise.Components;
using Mortise.Files;
using Mortise.Logging;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Copies the files of a store that may be open, in this process or another, into a directory that opens as the
/// store; a second copy into the same directory costs what changed.</summary>
/// <remarks>
/// <para>Role: backup by files, for record stores that offer <see cref="IDurableCopier"/>; <see cref="StoreCopy"/> is the
/// slower way for all others. The records are copied as their last checkpoint left them; then the commits behind it are read
/// from the log, where it offers <see cref="ILogDumper"/>, and applied to the copy. So the copy is the store at one commit:
/// the last one that the log shows. Indexes are not copied: the first opening makes them from the records.</para>
/// <para>The copy has the store's id. Opening it makes it a store of its own, which no later backup is added to.</para>
/// <para>Threads: one backup into a directory at a time; the store's lock is not taken.</para>
/// </remarks>
public static class StoreBackup
{
    private const int Attempts = 8;

    /// <summary>True when the stack's record store can be copied by files.</summary>
    public static bool IsOffered(StoreComposition stack)
    {
        ArgumentNullException.ThrowIfNull(stack);
        return stack.Records.Examiner is IDurableCopier;
    }

    /// <summary>Makes or renews a copy.</summary>
    /// <param name="source">The stack over the store to copy; its root is only read.</param>
    /// <param name="target">An empty directory, or one with an earlier copy.</param>
    /// <param name="cancellation">Stops with <see cref="OperationCanceledException"/>; an earlier copy is still
    /// there.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Unsupported"/> when the record store cannot be copied
    /// by files; <see cref="StorageErrorCode.NotFound"/> when there is no store;
    /// <see cref="StorageErrorCode.AlreadyExists"/> when the target is a store of its own;
    /// <see cref="StorageErrorCode.ForeignFile"/> when it is a copy of another store; or why it cannot be read.
    /// </exception>
    public static async ValueTask<BackupReport> RunAsync(
        StoreComposition source, IStorageDirectory target, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        if (source.Records.Examiner is not IDurableCopier copier)
        {
            throw new StorageException(
                StorageErrorCode.Unsupported,
                $"the record store {source.Records.Identity.ComponentId} cannot be copied by files");
        }

        StoreManifest manifest = ManifestFile.TryRead(source.Root)
            ?? throw new StorageException(StorageErrorCode.NotFound, "there is no store here", ManifestFile.Name);
        using IDisposable held = target.TryLock(OpenedParts.LockName)
            ?? throw new StorageException(
                StorageErrorCode.Locked, "the copy is open, or being made, in another process", OpenedParts.LockName);
        bool isRenewed = RequireTarget(manifest, target);
        if (isRenewed && manifest.Drops is not null)
        {
            // What the source has dropped must not come back when the copying is cut short.
            ManifestFile.Write(target, CopyManifest(manifest, manifest.Drops));
        }

        var run = new Run(source, copier, manifest.StoreId, target, cancellation);
        await run.CopyAsync().ConfigureAwait(false);
        if (!isRenewed || run.Drops is not null)
        {
            ManifestFile.Write(target, CopyManifest(manifest, run.Drops));
        }

        return run.Report();
    }

    /// <returns>True when there is an earlier copy.</returns>
    private static bool RequireTarget(StoreManifest manifest, IStorageDirectory target)
    {
        if (ManifestFile.TryRead(target) is not { } earlier)
        {
            return false;
        }

        if (!earlier.IsCopy || target.Exists(OpenedParts.LogDirectory))
        {
            throw new StorageException(
                StorageErrorCode.AlreadyExists,
                "there is a store already that is not, or no longer, a mere copy",
                ManifestFile.Name,
                advice: "choose an empty directory; opening a copy makes it a store of its own");
        }

        return earlier.StoreId == manifest.StoreId
            ? true
            : throw new StorageException(
                StorageErrorCode.ForeignFile,
                $"there is a copy of store {earlier.StoreId}, not of {manifest.StoreId}",
                ManifestFile.Name,
                advice: "choose another directory");
    }

    private static StoreManifest CopyManifest(StoreManifest manifest, IReadOnlyList<ManifestDrop>? drops) => new()
    {
        IsCopy = true,
        StoreId = manifest.StoreId,
        CheckpointLsn = 0,
        Log = manifest.Log,
        Records = manifest.Records,
        RecordsDurableLsn = 0,
        Families = [],
        Drops = drops,
    };

    private sealed class Run(
        StoreComposition source,
        IDurableCopier copier,
        Guid storeId,
        IStorageDirectory target,
        CancellationToken cancellation)
    {
        private readonly List<Finding> _findings = [];
        private readonly List<ManifestDrop> _drops = [];
        private CopySummary _copied;
        private Lsn _lsn;
        private long _records;
        private long _logged;

        /// <summary>Ranges that were dropped in the source and whose records the copy may still have; null for none.</summary>
        public IReadOnlyList<ManifestDrop>? Drops => _drops.Count == 0 ? null : _drops;

        public async ValueTask CopyAsync()
        {
            IStorageDirectory from = source.Root.OpenDirectory(OpenedParts.RecordsDirectory);
            IStorageDirectory to = OpenedParts.MakeDirectory(target, OpenedParts.RecordsDirectory);
            for (int attempt = 1; ; attempt++)
            {
                // Before the records: then they have got at least as far as it says.
                StoreManifest manifest = ManifestFile.TryRead(source.Root)!;
                _findings.Clear();
                _drops.Clear();
                _drops.AddRange(manifest.Drops ?? []);
                _copied = copier.Copy(from, storeId, to, _findings.Add, cancellation);
                if (await FollowLogAsync(manifest, isLast: attempt == Attempts).ConfigureAwait(false))
                {
                    return;
                }
            }
        }

        public BackupReport Report() => new()
        {
            Lsn = _lsn,
            Records = _records,
            LoggedCommits = _logged,
            Copied = _copied,
            Findings = [.. _findings],
        };

        /// <summary>Applies to the copy what the log has beyond it.</summary>
        /// <returns>False when the log was truncated since the records were copied, or a body that it refers to is not
        /// there.</returns>
        private async ValueTask<bool> FollowLogAsync(StoreManifest manifest, bool isLast)
        {
            var parts = new OpenedParts(source with { Root = target, CacheGrants = static _ => null, Listeners = [] })
            {
                StoreId = storeId,
            };
            await using (parts.ConfigureAwait(false))
            {
                parts.Records = await source.Records.Open(
                    parts.Context("records", target.OpenDirectory(OpenedParts.RecordsDirectory)), cancellation)
                    .ConfigureAwait(false);
                if (parts.Records.TryGet(out IRecordStaging? staging))
                {
                    // What an earlier copy had behind this one: bodies come from the store, never from there.
                    staging.Unstage();
                }

                if (!ApplyLog(parts.Records, manifest) && !isLast)
                {
                    return false;
                }

                await parts.Records.CheckpointAsync(cancellation).ConfigureAwait(false);
                _lsn = parts.Records.DurableLsn;
                _records = parts.Records.Statistics.LiveRecords;
                return true;
            }
        }

        private bool ApplyLog(IRecordStore records, StoreManifest manifest)
        {
            _logged = 0;
            if (source.Log.Examiner is not ILogDumper log)
            {
                return true;
            }

            var commit = new CommitContent();
            using var bodies = new CommitBodies(source.Records, source.Root, storeId);
            bool isWhole = true;
            Lsn torn = Lsn.None;
            Lsn next = Lsn.Max(records.DurableLsn, new Lsn(manifest.CheckpointLsn)).Next;
            log.Dump(
                source.Root.OpenDirectory(OpenedParts.LogDirectory),
                next,
                new Lsn(ulong.MaxValue),
                (in LogDumpRecord record, ReadOnlySpan<byte> payload) =>
                {
                    // Behind a torn record there is nothing; a gap means that the log went on without us.
                    isWhole = record.Lsn <= next || record.Lsn == Lsn.None;
                    if (record.State != LogDumpState.Whole || record.Lsn != next)
                    {
                        return record.Lsn < next && record.State == LogDumpState.Whole;
                    }

                    CommitFormat.Read(record.Lsn, payload, commit);
                    if (torn == Lsn.None && bodies.TryFind(record.Lsn, payload, commit, out ReadOnlySpan<byte> arena))
                    {
                        if (commit.Dropped is { LeavesRecords: true } left)
                        {
                            _drops.Add(ManifestDrop.From(left));
                        }

                        records.Apply(new RecordBatch(record.Lsn, arena, CollectionsMarshal.AsSpan(commit.Mutations)));
                        _logged++;
                    }
                    else
                    {
                        // Torn by a crash, and then this is where the store ends; or given back behind a checkpoint.
                        torn = torn == Lsn.None ? record.Lsn : torn;
                        if (torn <= commit.Durable)
                        {
                            _findings.Add(new Finding(
                                BodyVerification.Code,
                                $"{OpenedParts.LogDirectory}/{record.File}",
                                record.Offset,
                                BodyVerification.Describe(torn, commit.Durable)));
                            return false;
                        }
                    }

                    next = next.Next;
                    return true;
                },
                cancellation);

            // A body is given back behind a checkpoint only: without one since, it was never whole.
            return isWhole && (torn == Lsn.None || ManifestFile.TryRead(source.Root)?.CheckpointLsn == manifest.CheckpointLsn);
        }
    }
}

/// <summary>What a backup holds, and what it cost.</summary>
public sealed class BackupReport
{
    /// <summary>The commit that the copy is the state of.</summary>
    public required Lsn Lsn { get; init; }

    /// <summary>Live records.</summary>
    public required long Records { get; init; }

    /// <summary>Commits that came from the log.</summary>
    public required long LoggedCommits { get; init; }

    /// <summary>Files copied and kept.</summary>
    public required CopySummary Copied { get; init; }

    /// <summary>Damage in what was copied: the copy is as damaged as the source.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }
}
