using System.Runtime.InteropServices;
using Mortise.Components;
using Mortise.Files;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Gives the commits of a log their bodies, wherever they are: in the log, or in the files of the record store,
/// where they were written first.</summary>
/// <remarks>Threads: one at a time.</remarks>
internal sealed class CommitBodies : IDisposable
{
    private readonly ComponentPart<IRecordStore> _part;
    private readonly IStorageDirectory _files;
    private readonly Guid _storeId;
    private IStagedReader? _reader;
    private byte[] _arena = [];

    /// <param name="part">The record store.</param>
    /// <param name="root">The store's directory.</param>
    /// <param name="storeId">The store.</param>
    public CommitBodies(ComponentPart<IRecordStore> part, IStorageDirectory root, Guid storeId)
    {
        _part = part;
        _files = root.OpenDirectory(OpenedParts.RecordsDirectory);
        _storeId = storeId;
    }

    /// <summary>Finds the bodies of a commit that is not applied yet.</summary>
    /// <param name="lsn">The commit.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="commit">As it was read from the payload; its puts point into <paramref name="arena"/> afterwards.</param>
    /// <param name="arena">The bodies; dies with the next call or with the payload.</param>
    /// <returns>False when a body is not whole.</returns>
    public bool TryFind(Lsn lsn, ReadOnlySpan<byte> payload, CommitContent commit, out ReadOnlySpan<byte> arena) =>
        TryFind(lsn, payload, commit, needsAll: true, out arena);

    /// <summary>Finds what there is of the bodies of a commit; the others stay <see cref="CommitContent.Elsewhere"/>.</summary>
    /// <inheritdoc cref="TryFind(Lsn, ReadOnlySpan{byte}, CommitContent, out ReadOnlySpan{byte})"/>
    public ReadOnlySpan<byte> Find(Lsn lsn, ReadOnlySpan<byte> payload, CommitContent commit)
    {
        TryFind(lsn, payload, commit, needsAll: false, out ReadOnlySpan<byte> arena);
        return arena;
    }

    /// <summary>Finds the bodies of a commit that a record store has applied.</summary>
    /// <inheritdoc cref="TryFind(Lsn, ReadOnlySpan{byte}, CommitContent, out ReadOnlySpan{byte})"/>
    public static ReadOnlySpan<byte> Applied(
        IRecordStore records, ReadOnlySpan<byte> payload, CommitContent commit, ref byte[] buffer)
    {
        if (!commit.HasReferences)
        {
            return payload;
        }

        buffer = buffer.Length < commit.BodyBytes ? new byte[commit.BodyBytes] : buffer;
        int used = 0;
        Span<RecordMutation> mutations = CollectionsMarshal.AsSpan(commit.Mutations);
        for (int i = 0; i < mutations.Length; i++)
        {
            ref RecordMutation mutation = ref mutations[i];
            if (mutation.Operation != RecordOperation.Put)
            {
                continue;
            }

            if (commit.IsReference(i))
            {
                using RecordLease lease = records.Read(mutation.Location);
                if (lease.Bytes.Length != mutation.Length)
                {
                    throw new StorageException(
                        StorageErrorCode.Corrupt,
                        $"the record at {mutation.Location} has {lease.Bytes.Length} bytes, its commit says {mutation.Length}",
                        OpenedParts.RecordsDirectory);
                }

                lease.Bytes.CopyTo(buffer.AsSpan(used));
            }
            else
            {
                payload.Slice(mutation.Offset, mutation.Length).CopyTo(buffer.AsSpan(used));
            }

            mutation = mutation with { Offset = used };
            used += mutation.Length;
        }

        return buffer.AsSpan(0, used);
    }

    /// <summary>The record store offers nothing of what a commit in the log needs.</summary>
    public static StorageException Unsupported(Lsn lsn, ComponentIdentity records) => new(
        StorageErrorCode.Unsupported,
        $"commit {lsn} in the log refers to bodies in the record store, and {records.ComponentId} cannot show them",
        OpenedParts.RecordsDirectory,
        advice: "open the store with the version of the plugin that wrote it");

    public void Dispose() => _reader?.Dispose();

    private bool TryFind(
        Lsn lsn, ReadOnlySpan<byte> payload, CommitContent commit, bool needsAll, out ReadOnlySpan<byte> arena)
    {
        arena = payload;
        if (!commit.HasReferences)
        {
            return true;
        }

        _reader ??= Open(lsn);
        IStagedReader reader = _reader;
        int used = 0;
        Span<RecordMutation> mutations = CollectionsMarshal.AsSpan(commit.Mutations);
        for (int i = 0; i < mutations.Length; i++)
        {
            ref RecordMutation mutation = ref mutations[i];
            if (mutation.Operation != RecordOperation.Put)
            {
                continue;
            }

            MakeRoom(used, mutation.Length);
            Span<byte> body = _arena.AsSpan(used, mutation.Length);
            if (!commit.IsReference(i))
            {
                payload.Slice(mutation.Offset, mutation.Length).CopyTo(body);
            }
            else if (!reader.TryRead(
                new StagedRecord(lsn, mutation.Location, 0, mutation.Length), commit.Checks[i], body))
            {
                if (needsAll)
                {
                    return false;
                }

                continue;
            }

            mutation = mutation with { Offset = used };
            used += mutation.Length;
        }

        arena = _arena.AsSpan(0, used);
        return true;
    }

    private IStagedReader Open(Lsn lsn) => _part.Examiner is IStagedRecords staged
        ? staged.OpenStaged(_files, _storeId)
        : throw Unsupported(lsn, _part.Identity);

    /// <summary>Grows by what is found: how long a body is may be a lie.</summary>
    private void MakeRoom(int used, int more)
    {
        if (_arena.Length - used < more)
        {
            long wanted = Math.Max((long)used + more, Math.Min(_arena.Length * 2L, Array.MaxLength));
            Array.Resize(ref _arena, checked((int)Math.Max(wanted, 64 << 10)));
        }
    }
}
