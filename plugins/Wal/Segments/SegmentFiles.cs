using Mortise.Components;
using Mortise.Files;
using Mortise.Wal.Format;

namespace Mortise.Wal.Segments;

/// <summary>Starts, retires and reuses segment files.</summary>
/// <remarks>Threads: one at a time, the log's append gate.</remarks>
/// <param name="directory">The log's directory.</param>
/// <param name="options">The log's options.</param>
/// <param name="log">For what is worth telling a person.</param>
internal sealed class SegmentFiles(IStorageDirectory directory, WalOptions options, IComponentLog log)
{
    private readonly List<(ulong Sequence, long Bytes)> _spares = [];
    private readonly List<ulong> _undeleted = [];
    private long _spareBytes;

    public IStorageDirectory Directory => directory;

    /// <summary>Bytes of files kept for reuse.</summary>
    public long SpareBytes => Volatile.Read(ref _spareBytes);

    public bool HasSpare => _spares.Count > 0;

    /// <summary>Reads a segment's header.</summary>
    public static SegmentHeader ReadHeader(IStorageFile file, ulong sequence, Guid? storeId)
    {
        byte[] block = new byte[WalFormat.HeaderBytes];
        int got = 0;
        while (got < block.Length)
        {
            int read = file.Read(block.AsSpan(got), got);
            if (read == 0)
            {
                break;
            }

            got += read;
        }

        return SegmentHeader.Read(block.AsSpan(0, got), file.Path, sequence, storeId);
    }

    /// <summary>Starts a segment. When it returns, the header and the file's name are durable.</summary>
    /// <param name="header">Its header; <see cref="SegmentHeader.IsRecycled"/> says whether a spare is used.</param>
    /// <param name="fill">Writes records before the segment becomes part of the log, or null.</param>
    /// <exception cref="StorageException">A retryable one when nothing has changed; any other leaves unknown which
    /// names are there.</exception>
    public LogSegment Start(SegmentHeader header, Func<IStorageFile, long>? fill = null)
    {
        string from = header.IsRecycled
            ? WalFormat.SpareName(_spares[^1].Sequence)
            : WalFormat.DraftName(header.Sequence);
        WriteAhead(header, from, fill);
        string name = WalFormat.SegmentName(header.Sequence);
        directory.Rename(from, name);
        if (header.IsRecycled)
        {
            Volatile.Write(ref _spareBytes, _spareBytes - _spares[^1].Bytes);
            _spares.RemoveAt(_spares.Count - 1);
        }

        try
        {
            // Records count only in a file that a power cut cannot make nameless.
            directory.Sync();
            IStorageFile file = directory.Open(name, FileIntent.ReadWrite);
            return new LogSegment(header, file.Length) { File = file };
        }
        catch (StorageException e) when (e.IsRetryable)
        {
            // The name is taken already: this is not a state to try again from.
            throw new StorageException(
                StorageErrorCode.Io, $"a new segment could not be taken into use: {e.Message}", name, inner: e);
        }
    }

    /// <summary>Takes a segment's file, which the control file no longer names, out of the log: keeps it for reuse or
    /// deletes it.</summary>
    public void Retire(LogSegment segment)
    {
        // Who still reads or syncs it keeps the handle; an open handle outlives the name, but not new contents.
        if (segment.Readers == 0 && segment.File is null && IsReusable(segment.Bytes))
        {
            try
            {
                directory.Rename(segment.Name, WalFormat.SpareName(segment.Sequence));
                Keep(segment.Sequence, segment.Bytes);
                return;
            }
            catch (StorageException e)
            {
                Warn(segment.Name, e);
            }
        }

        DeleteSegment(segment.Sequence);
    }

    /// <summary>Deletes a segment's file; when the device fails, the next call tries again, and so does the next
    /// open.</summary>
    /// <remarks>Nothing depends on it: the file is no part of the log any more.</remarks>
    public void DeleteSegment(ulong sequence)
    {
        _undeleted.Add(sequence);
        for (int i = _undeleted.Count - 1; i >= 0; i--)
        {
            string name = WalFormat.SegmentName(_undeleted[i]);
            try
            {
                if (directory.Exists(name))
                {
                    directory.Delete(name);
                }

                _undeleted.RemoveAt(i);
            }
            catch (StorageException e)
            {
                Warn(name, e);
            }
        }
    }

    /// <summary>Takes up a spare file found at open; one that no longer fits is deleted.</summary>
    public void AdoptSpare(ulong sequence, long bytes)
    {
        if (IsReusable(bytes))
        {
            Keep(sequence, bytes);
        }
        else
        {
            directory.Delete(WalFormat.SpareName(sequence));
        }
    }

    /// <summary>Gives the space of spares back: a log that is closed needs none, and whoever looks at its files or copies
    /// them should find what it holds.</summary>
    public void DeleteSpares()
    {
        foreach ((ulong sequence, _) in _spares)
        {
            string name = WalFormat.SpareName(sequence);
            try
            {
                directory.Delete(name);
            }
            catch (StorageException e)
            {
                Warn(name, e);
            }
        }

        _spares.Clear();
        Volatile.Write(ref _spareBytes, 0);
    }

    /// <summary>A file that was cut, or made larger for one payload, is not worth keeping.</summary>
    private bool IsReusable(long bytes) =>
        bytes >= options.SegmentSize.Bytes / 2 && bytes <= options.SegmentSize.Bytes
        && _spares.Count < options.RecycledSegments;

    private void Keep(ulong sequence, long bytes)
    {
        _spares.Add((sequence, bytes));
        Volatile.Write(ref _spareBytes, _spareBytes + bytes);
    }

    private void Warn(string name, StorageException e) =>
        log.Write(ComponentLogLevel.Warning, $"{name} is no longer needed and could not be removed: {e.Message}", e);

    private void WriteAhead(SegmentHeader header, string name, Func<IStorageFile, long>? fill)
    {
        if (!header.IsRecycled && directory.Exists(name))
        {
            directory.Delete(name);
        }

        IStorageFile file = directory.Open(name, header.IsRecycled ? FileIntent.ReadWrite : FileIntent.CreateNew);
        try
        {
            using (file)
            {
                byte[] block = new byte[WalFormat.HeaderBytes];
                header.Write(block);
                file.Write(block, 0);
                long end = fill?.Invoke(file) ?? WalFormat.HeaderBytes;
                if (!header.IsRecycled)
                {
                    var writer = new SegmentWriter(
                        file, header.FrameChecksum, end, options.SegmentSize.Bytes, options.Prewrite.Bytes);
                    writer.Prewrite(end);
                }

                file.Sync(header.IsRecycled ? SyncKind.Data : SyncKind.Full);
            }
        }
        catch (StorageException e) when (!header.IsRecycled && e.Code == StorageErrorCode.NoSpace)
        {
            DeleteDraft(name);
            throw;
        }
    }

    private void DeleteDraft(string name)
    {
        try
        {
            directory.Delete(name);
        }
        catch (StorageException e)
        {
            // The device is full; that is what the caller has to hear. The next start or open deletes the draft.
            log.Write(ComponentLogLevel.Warning, $"the unfinished segment {name} could not be deleted", e);
        }
    }
}
