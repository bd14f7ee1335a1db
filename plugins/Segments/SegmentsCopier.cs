using Mortise.Components;
using Mortise.Files;

namespace Mortise.Segments;

/// <summary>Copies the state of the last checkpoint of a store that may be in use.</summary>
/// <remarks>What a checkpoint counts never changes: segments are only appended to behind it, or deleted. So a copy is
/// consistent when every file that the checkpoint names was there; when one was not, the store was compacted meanwhile and
/// has a newer checkpoint. A sealed segment is copied once.</remarks>
internal sealed class SegmentsCopier(
    IStorageDirectory files, Guid storeId, IStorageDirectory target, Action<Finding> report, CancellationToken cancellation)
{
    private const int Attempts = 16;
    private const int ChunkBytes = 1 << 20;
    private const int CompareBytes = 4096;
    private const string DraftSuffix = ".new";

    private readonly SegmentCatalog _source = new(files, storeId);
    private readonly SegmentCatalog _target = new(target, storeId);
    private readonly HashSet<string> _drafts = [];
    private byte[] _chunk = [];
    private int _filesCopied;
    private long _bytesCopied;
    private int _filesKept;
    private long _bytesKept;

    public CopySummary Run()
    {
        CheckpointState? earlier = target.Exists(SegmentFormat.CheckpointName)
            ? CheckpointFile.Read(_target, out _)
            : null;
        for (int attempt = 1; ; attempt++)
        {
            CheckpointState state = CheckpointFile.Read(_source, out _);
            try
            {
                Copy(state, earlier);
                Publish(state);
                return new CopySummary(state.Lsn, _filesCopied, _bytesCopied, _filesKept, _bytesKept);
            }
            catch (StorageException error) when (error.Code == StorageErrorCode.NotFound && attempt < Attempts)
            {
                // A segment was given back between reading the checkpoint and copying. Damage looks the same, but then the
                // checkpoint stays what it is and the last attempt says which file is missing.
            }
        }
    }

    private void Copy(CheckpointState state, CheckpointState? earlier)
    {
        foreach (SegmentEntry entry in state.Segments)
        {
            cancellation.ThrowIfCancellationRequested();
            bool isSealed = entry != state.Segments[^1];
            if (isSealed && IsThere(entry, earlier))
            {
                _filesKept++;
                _bytesKept += entry.FileEnd;
            }
            else
            {
                CopyFile(SegmentFormat.SegmentName(entry.Number), entry.FileEnd);
                Verify(entry);
            }
        }

        if (state.Tombstones.Generation != 0)
        {
            CopyFile(SegmentFormat.TombstoneName(state.Tombstones.Generation), state.Tombstones.End);
        }
    }

    /// <summary>True when the target holds a sealed segment already. The same number, sizes and last bytes, which carry the
    /// place, the commit and the checksum of the last record, are those of one history only.</summary>
    private bool IsThere(SegmentEntry entry, CheckpointState? earlier)
    {
        string name = SegmentFormat.SegmentName(entry.Number);
        bool isSealedThere = earlier is not null && earlier.Segments.Any(e =>
            e.Number == entry.Number && e.End == entry.End && e.FileEnd == entry.FileEnd
            && e.LastFrameBytes == entry.LastFrameBytes && e.Encoding == entry.Encoding
            && e.IndexBytes == entry.IndexBytes && e.Number != earlier.Segments[^1].Number);
        if (!isSealedThere || !target.Exists(name))
        {
            return false;
        }

        using IStorageFile here = files.Open(name, FileIntent.Read);
        using IStorageFile there = target.Open(name, FileIntent.Read);
        return there.Length >= entry.FileEnd
            && Same(here, there, 0)
            && Same(here, there, entry.FileEnd - CompareBytes);
    }

    private static bool Same(IStorageFile here, IStorageFile there, long offset)
    {
        byte[] one = new byte[CompareBytes];
        byte[] other = new byte[CompareBytes];
        return here.Read(one, offset) == one.Length
            && there.Read(other, offset) == other.Length
            && one.AsSpan().SequenceEqual(other);
    }

    private void CopyFile(string name, long length)
    {
        using IStorageFile from = files.Open(name, FileIntent.Read);
        string draft = name + DraftSuffix;
        using IStorageFile to = target.Open(draft, FileIntent.OpenOrCreate);
        _drafts.Add(name);
        to.SetLength(0);
        _chunk = _chunk.Length == 0 ? new byte[ChunkBytes] : _chunk;
        for (long at = 0; at < length;)
        {
            cancellation.ThrowIfCancellationRequested();
            int wanted = (int)Math.Min(_chunk.Length, length - at);
            int read = from.Read(_chunk.AsSpan(0, wanted), at);
            if (read == 0)
            {
                throw StorageException.Corrupt(
                    _source.PathOf(name), at, $"ends after {at} bytes, {length} of them count");
            }

            to.Write(_chunk.AsSpan(0, read), at);
            at += read;
        }

        to.Sync(SyncKind.Full);
        _filesCopied++;
        _bytesCopied += length;
    }

    private void Verify(SegmentEntry entry)
    {
        string name = SegmentFormat.SegmentName(entry.Number);
        using IStorageFile file = target.Open(name + DraftSuffix, FileIntent.Read);
        byte[] page = new byte[SegmentHeader.Bytes];
        int read = file.Read(page, 0);
        if (SegmentHeader.Problem(page.AsSpan(0, read), storeId, entry.Number, entry.Encoding, name) is { } problem)
        {
            report(new Finding("segment-header", name, Math.Max(problem.Offset, 0), problem.Message));
        }

        Extent extent = entry.Encoding == SegmentEncoding.Plain
            ? new Extent(SegmentHeader.Bytes, entry.End, file)
            : new Extent(
                SegmentHeader.Bytes,
                entry.End,
                _target.Blocks(entry.Number, file, entry.FileEnd, entry.IndexBytes, entry.End));
        var walk = new SegmentExamination(
            _source.StoreKey, entry.Number, name, new DeletionMap(), report, cancellation);
        walk.Walk(extent, file.Length);
    }

    private void VerifyTombstones(TombstonePosition position)
    {
        try
        {
            TombstoneFile.ReadAll(_target, position);
        }
        catch (StorageException error) when (error.Code is not (StorageErrorCode.Io or StorageErrorCode.Denied))
        {
            report(new Finding(
                "tombstones-damaged", SegmentFormat.TombstoneName(position.Generation), error.Offset, error.Message));
        }
    }

    /// <summary>Makes the copied files the state of the target.</summary>
    private void Publish(CheckpointState state)
    {
        foreach (string name in _drafts)
        {
            target.Rename(name + DraftSuffix, name);
        }

        target.Sync();
        VerifyTombstones(state.Tombstones);
        CheckpointFile.Replace(_target, new CheckpointState
        {
            Sequence = state.Sequence,
            Lsn = state.Lsn,
            Tombstones = state.Tombstones,
            Segments = state.Segments,
        });
        HashSet<string> wanted =
        [
            SegmentFormat.CheckpointName,
            SegmentFormat.LockName,
            SegmentFormat.TombstoneName(state.Tombstones.Generation),
            .. state.Segments.Select(static entry => SegmentFormat.SegmentName(entry.Number)),
        ];
        foreach (StorageEntry entry in target.List())
        {
            bool isOurs = entry.Name.StartsWith(SegmentFormat.SegmentPrefix, StringComparison.Ordinal)
                || entry.Name.StartsWith(SegmentFormat.TombstonePrefix, StringComparison.Ordinal);
            if (isOurs && !wanted.Contains(entry.Name))
            {
                target.Delete(entry.Name);
            }
        }
    }
}
