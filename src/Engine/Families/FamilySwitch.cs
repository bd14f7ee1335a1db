using Mortise.Components;
using Mortise.Files;
using Mortise.Indexing;
using Mortise.Primitives;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Puts another index family in the place of one, or beside the others, while the store serves.</summary>
/// <remarks>
/// <para>The new family is filled in a directory of its own from a scan of the live records, beside the writer. What was
/// committed meanwhile is then replayed from the log, piece by piece, and the last piece on the writer, between two
/// groups, where the families are exchanged. The order makes any mix of old and new records right: the scan sees each
/// record that was live at its begin and is live still, and the replay, whose changes are absolute, adds and removes
/// what changed. Nobody waits but the writer, for the last piece.</para>
/// <para>A checkpoint then records the new family in the manifest; before it a crash leaves the old family in force, and
/// after it the new. The old one is closed when the last view of it is closed, and its directory deleted.</para>
/// <para>Meanwhile the log keeps everything from the begin, and no segment of records is reclaimed.</para>
/// </remarks>
internal sealed class FamilySwitch(
    OpenedParts parts,
    VersionHolder versions,
    Checkpointer checkpointer,
    Func<Func<ValueTask>, ValueTask> onWriter,
    Func<CancellationToken, Task> checkpoint)
{
    // What the writer takes at a time: small, because commits wait for it.
    private const long GatherBytes = 1 << 20;
    private const int LastPieceCommits = 64;
    private const int MaxPieces = 64;

    private readonly CommitContent _commit = new();
    private byte[] _bodies = [];

    /// <summary>What is dropped and not deleted; no more of it while families are exchanged.</summary>
    private DroppedRecords? Dropped => parts.Drops.Records();

    /// <summary>Builds a family and exchanges it for the one of the same name, or adds it.</summary>
    /// <param name="part">The family.</param>
    /// <param name="projection">What its keys mean.</param>
    /// <param name="progress">Told of the number of records read, now and then.</param>
    /// <param name="cancellation">Stops the building; nothing has changed then.</param>
    public async Task<FamilySwitchReport> RunAsync(
        FamilyPart part, IKeyProjection projection, IProgress<long>? progress, CancellationToken cancellation)
    {
        long started = parts.Composition.Time.GetTimestamp();
        IStorageDirectory indexes = OpenedParts.MakeDirectory(
            parts.Composition.Root, OpenedParts.IndexesDirectory);
        string directory = FreeName(indexes, part.Name);
        parts.KeepDirectory(directory);
        FamilyState? next = null;
        FamilyState? old;
        long records;
        try
        {
            Lsn before = default;
            await onWriter(() =>
            {
                before = parts.Log.LastLsn;
                checkpointer.HoldLogFrom(before.Next);
                return ValueTask.CompletedTask;
            }).ConfigureAwait(false);
            next = new FamilyState(
                part, projection, directory, OpenedParts.MakeDirectory(indexes, directory), new FamilyIndexes(parts));
            records = await LoadAsync(next, before, progress, cancellation).ConfigureAwait(false);
            Lsn from = CatchUp(next, before.Next, cancellation);
            old = await ExchangeAsync(next, from).ConfigureAwait(false);
        }
        catch
        {
            if (next is not null)
            {
                await onWriter(next.DisposeAsync).ConfigureAwait(false);
            }

            parts.ForgetDirectory(directory);
            CleanUp(indexes, directory);
            throw;
        }
        finally
        {
            checkpointer.HoldLogFrom(null);
        }

        checkpointer.MarkStale();
        await checkpoint(CancellationToken.None).ConfigureAwait(false);
        await RetireAsync(old, indexes).ConfigureAwait(false);
        parts.ForgetDirectory(directory);
        return new FamilySwitchReport
        {
            Name = part.Name,
            Records = records,
            Replaced = old?.Part.Structure.Identity,
            Structure = part.Structure.Identity,
            Duration = parts.Composition.Time.GetElapsedTime(started),
        };
    }

    /// <summary>Removes a family.</summary>
    /// <returns>False when there is none of that name.</returns>
    public async Task<bool> DropAsync(string name)
    {
        FamilyState? old = null;
        await onWriter(() =>
        {
            old = parts.Families.Find(f => f.Part.Name == name);
            parts.ReplaceFamilies([.. parts.Families.Where(f => !ReferenceEquals(f, old))]);
            Publish();
            return ValueTask.CompletedTask;
        }).ConfigureAwait(false);
        if (old is null)
        {
            return false;
        }

        parts.KeepDirectory(old.DirectoryName);
        checkpointer.MarkStale();
        await checkpoint(CancellationToken.None).ConfigureAwait(false);
        await RetireAsync(
            old, parts.Composition.Root.OpenDirectory(OpenedParts.IndexesDirectory)).ConfigureAwait(false);
        return true;
    }

    /// <summary>Deletes what was built; the next open does it when this cannot.</summary>
    private void CleanUp(IStorageDirectory indexes, string directory)
    {
        try
        {
            indexes.DeleteDirectory(directory);
        }
        catch (StorageException e)
        {
            parts.Composition.Logs("engine").Write(
                ComponentLogLevel.Warning, $"{indexes.Path}/{directory} stays until the next open", e);
        }
    }

    private static string FreeName(IStorageDirectory indexes, string family)
    {
        // A family's name has no dot, so no other family can have this directory.
        for (int number = 2; ; number++)
        {
            string name = $"{family}.{number}";
            if (!indexes.Exists(name))
            {
                return name;
            }
        }
    }

    /// <summary>Fills the family from the records, as many partitions in a pass as may be open.</summary>
    /// <param name="next">The family.</param>
    /// <param name="before">What the structures claim after it: the last commit before the first scan. What the scans
    /// saw of later ones is replayed over.</param>
    /// <param name="progress">Told of the number of records read.</param>
    /// <param name="cancellation">Stops it.</param>
    private async Task<long> LoadAsync(
        FamilyState next, Lsn before, IProgress<long>? progress, CancellationToken cancellation)
    {
        next.LoadLimit = Math.Max(1, parts.Composition.Options.MaxOpenPartitions / 2);
        bool hasMore = true;
        long records = 0;
        while (hasMore)
        {
            var sink = new RecordSink(this, next, progress, cancellation);
            parts.Records.Scan(ScanDirection.Forward, ref sink);
            records = sink.Records;
            await onWriter(async () =>
            {
                hasMore = next.HasMoreToLoad;
                next.FinishLoadPass(before);
                if (hasMore)
                {
                    await parts.Indexes.MakeRoomAsync(parts.Durability, versions.Lsn).ConfigureAwait(false);
                }
            }).ConfigureAwait(false);
        }

        next.Cover(before);
        return records;
    }

    private Lsn CatchUp(FamilyState next, Lsn from, CancellationToken cancellation)
    {
        // Each piece is shorter than the one before unless writing is faster than this; the writer waits for the rest.
        for (int i = 0; i < MaxPieces && versions.Lsn.Value >= from.Value + LastPieceCommits; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            from = Replay(next, from, lsn => OnWriter(() => next.ApplyPending(lsn)));
        }

        return from;
    }

    /// <summary>Replays the log up to its end as it is at the call.</summary>
    /// <returns>The commit after it.</returns>
    private Lsn Replay(FamilyState next, Lsn from, Action<Lsn> apply)
    {
        // The log may have commits whose records are not readable yet.
        Lsn end = versions.Lsn;
        if (from > end)
        {
            return from;
        }

        var sink = new LogSink(this, next, end, apply);
        Lsn reached = parts.Log.Replay(from, ref sink);
        apply(end);
        return reached;
    }

    /// <summary>Structures are changed on the writer only, which may be making room among them. This thread has nothing
    /// else to do and waits.</summary>
    private void OnWriter(Action work) => onWriter(() =>
    {
        work();
        return ValueTask.CompletedTask;
    }).AsTask().GetAwaiter().GetResult();

    private async Task<FamilyState?> ExchangeAsync(FamilyState next, Lsn from)
    {
        FamilyState? old = null;
        await onWriter(() =>
        {
            Replay(next, from, next.ApplyPending);
            next.Cover(versions.Lsn);
            next.RequireSnapshots();
            List<FamilyState> before = parts.Families;
            old = before.Find(f => f.Part.Name == next.Part.Name);
            if (old is not null)
            {
                parts.KeepDirectory(old.DirectoryName);
            }

            parts.ReplaceFamilies(old is null
                ? [.. before, next]
                : [.. before.Select(f => ReferenceEquals(f, old) ? next : f)]);
            try
            {
                Publish();
            }
            catch
            {
                // The new structure gave no snapshot; nobody has seen it.
                parts.ReplaceFamilies(before);
                throw;
            }

            return ValueTask.CompletedTask;
        }).ConfigureAwait(false);
        return old;
    }

    private void Publish() => versions.Publish(versions.Lsn, parts.Families);

    private async Task RetireAsync(FamilyState? old, IStorageDirectory indexes)
    {
        if (old is not null)
        {
            old.Drain();
            await versions.WhenOnlyTheCurrentIsOpen().ConfigureAwait(false);
            await onWriter(old.DisposeAsync).ConfigureAwait(false);
            indexes.DeleteDirectory(old.DirectoryName);
            indexes.Sync();
            parts.ForgetDirectory(old.DirectoryName);
        }
    }

    private void Take(FamilyState next, Lsn lsn, ReadOnlySpan<byte> payload, Action<Lsn> apply)
    {
        CommitFormat.Read(lsn, payload, _commit);
        ReadOnlySpan<byte> arena = CommitBodies.Applied(parts.Records, payload, _commit, ref _bodies);

        // Ranges are dropped in the same turn as families are exchanged, so never meanwhile.
        Invariant.Holds(_commit.Dropped is null);

        foreach (RecordMutation mutation in _commit.Mutations)
        {
            if (mutation.Operation == RecordOperation.Put)
            {
                next.Project(
                    IndexOperation.Set, lsn, mutation.Location, arena.Slice(mutation.Offset, mutation.Length));
            }
            else
            {
                using RecordLease lease = parts.Records.Read(mutation.Location);
                next.Project(IndexOperation.Remove, lsn, mutation.Location, lease.Bytes);
            }
        }

        if (next.PendingBytes() > GatherBytes)
        {
            apply(lsn);
        }
    }

    private struct RecordSink(
        FamilySwitch owner, FamilyState next, IProgress<long>? progress, CancellationToken cancellation) : IRecordSink
    {
        private readonly DroppedRecords? _dropped = owner.Dropped;

        public long Records { get; private set; }

        public bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info)
        {
            cancellation.ThrowIfCancellationRequested();
            if (_dropped?.HaveEndedIn(next, location, record) != true)
            {
                next.Project(IndexOperation.Set, Lsn.None, location, record);
            }

            if (next.PendingBytes() > GatherBytes)
            {
                FamilyState loading = next;
                owner.OnWriter(() => loading.ApplyPending(Lsn.None));
            }

            if (++Records % 1024 == 0)
            {
                progress?.Report(Records);
            }

            return true;
        }
    }

    private readonly struct LogSink(FamilySwitch owner, FamilyState next, Lsn end, Action<Lsn> apply) : Logging.ILogSink
    {
        public bool Accept(Lsn lsn, ReadOnlySpan<byte> payload)
        {
            owner.Take(next, lsn, payload, apply);
            return lsn < end;
        }
    }
}
