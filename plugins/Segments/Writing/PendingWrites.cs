using Mortise.Files;
using Mortise.Primitives;

namespace Mortise.Segments;

/// <summary>Brings appended extents from memory into segment files, in order.</summary>
/// <remarks>
/// <para>Threads: <see cref="Enqueue"/> and <see cref="Finish"/> from the writer; writing and syncing from the writer or
/// a checkpoint, one at a time.</para>
/// <para>A write that fails changes nothing here: the bytes stay in memory, stay readable, and are written again from
/// there. A sync that fails is final (R1, R2: no retry can be told apart from a lie).</para>
/// </remarks>
internal sealed class PendingWrites(
    SegmentCatalog catalog, ReaderGate gate, BufferPool pool, BlockPacker packer, WriteBehind behind)
{
    private readonly Lock _queueLock = new();
    private readonly Lock _io = new();
    private readonly Lock _syncing = new();
    private readonly Queue<Item> _queue = new();
    private readonly HashSet<Segment> _dirty = [];
    private bool _namesChanged;
    private Exception? _syncFailure;
    private long _enqueuedBytes;
    private long _writtenBytes;

    /// <summary>Bytes of closed extents that are not yet in their files, about.</summary>
    public long UnwrittenBytes => Volatile.Read(ref _enqueuedBytes) - Volatile.Read(ref _writtenBytes);

    /// <summary>The last write failed and was not repeated since; null when all is well.</summary>
    public StorageException? Problem { get; private set; }

    /// <summary>An extent was opened at the end of a segment.</summary>
    public void Enqueue(Segment segment, Extent extent)
    {
        lock (_queueLock)
        {
            _queue.Enqueue(new Item(segment, extent));
        }
    }

    /// <summary>An extent was closed.</summary>
    public void Closed(Extent extent) =>
        Volatile.Write(ref _enqueuedBytes, _enqueuedBytes + extent.End - extent.Start);

    /// <summary>Nothing more will be appended to a segment.</summary>
    public void Finish(Segment segment)
    {
        lock (_queueLock)
        {
            _queue.Enqueue(new Item(segment, null));
        }
    }

    /// <summary>Writes closed extents unless somebody is writing already. Failures are kept in <see cref="Problem"/>.</summary>
    /// <param name="isOne">True to write one at most.</param>
    /// <returns>True when one was written and there may be more.</returns>
    public bool TryWriteClosed(bool isOne = false)
    {
        bool isMore = false;
        if (_io.TryEnter())
        {
            try
            {
                isMore = WriteQueued(all: false, isOne);
            }
            catch (StorageException error) when (error == Problem)
            {
                // Kept: the owner reports it, and the next call writes the same bytes again.
            }
            finally
            {
                _io.Exit();
            }
        }

        return isMore;
    }

    /// <summary>Writes closed extents.</summary>
    /// <exception cref="StorageException">The device fails; everything unwritten is still in memory.</exception>
    public void WriteClosed()
    {
        lock (_io)
        {
            WriteQueued(all: false);
        }
    }

    /// <summary>Writes everything appended before the call.</summary>
    /// <exception cref="StorageException">As <see cref="WriteClosed"/>.</exception>
    public void WriteAll()
    {
        lock (_io)
        {
            WriteQueued(all: true);
        }
    }

    /// <summary>Writes what stands in an open extent behind its end, and everything in front of that.</summary>
    /// <returns>False when the device takes no more; nothing of it is left in the file.</returns>
    /// <exception cref="StorageException">The device is faulted, or does not even let go of what it took.</exception>
    public bool TryWriteAhead(Segment segment, Extent extent, int bytes)
    {
        lock (_io)
        {
            try
            {
                WriteQueued(all: true);
                Invariant.Holds(extent.Written == extent.End);
                _dirty.Add(segment);
                segment.File!.Write(extent.Buffer.AsSpan((int)(extent.End - extent.Start), bytes), extent.End);
                return true;
            }
            catch (StorageException error) when (error.Code is not (StorageErrorCode.SyncFailed or StorageErrorCode.Faulted))
            {
                // Whole frames of commits that may come to nothing: a search for records would find them.
                CutFile(segment);
                return false;
            }
        }
    }

    /// <summary>Says that a stretch of an extent is in the file already.</summary>
    public void MarkWritten(Segment segment, Extent extent, long from, long to)
    {
        // Whoever is writing now is nearly done: what is in front of a staged frame was written before it.
        lock (_io)
        {
            if (extent.Written == from)
            {
                extent.Written = to;
                segment.FileBytes = Math.Max(segment.FileBytes, to);
            }
        }
    }

    /// <summary>Cuts the file of the segment that is appended to behind its records, and deletes those that an earlier life
    /// began behind it. From here on files that are begun are emptied first.</summary>
    /// <param name="active">The segment; null before the first record.</param>
    public void CutBehind(Segment? active)
    {
        lock (_io)
        {
            if (active is not null)
            {
                CutFile(active);
            }

            if (catalog.KeepsTails)
            {
                _namesChanged |= catalog.DeleteBehind(active?.Number ?? 0);
                catalog.KeepsTails = false;
            }
        }
    }

    /// <summary>Writes everything, and in the place of what lies in files already first: without asking for room.</summary>
    /// <remarks>What an earlier life wrote there may be in the page cache only. What finds no room now no commit refers to:
    /// a record is written ahead of its commit only behind records that are written.</remarks>
    /// <exception cref="StorageException">The device fails, or takes not even what it has.</exception>
    public void WriteTails()
    {
        lock (_io)
        {
            try
            {
                WriteQueued(all: true);
            }
            catch (StorageException error) when (error.Code == StorageErrorCode.NoSpace && !IsTailLeft())
            {
                // Kept as the problem of the device that it is; the log has these records.
            }
        }
    }

    /// <summary>Makes everything that was written durable, names included.</summary>
    /// <param name="entries">Segments as they were when <see cref="WriteAll"/> was called at the latest; receive what of
    /// their files counts for them. The last is the one that is appended to.</param>
    /// <exception cref="StorageException">A sync failed: nothing may be vouched for until the store is reopened.</exception>
    public void SyncWritten(Span<SegmentEntry> entries)
    {
        // One after the other: who finds nothing left to sync may only say so when the sync before has ended well.
        lock (_syncing)
        {
            if (_syncFailure is { } failure)
            {
                throw StorageException.Faulted("the segments", failure);
            }

            try
            {
                SyncOnce(entries);
            }
            catch (Exception error)
            {
                // Whatever it was: what was to be synced is not listed any more, so nobody may find nothing left to do.
                _syncFailure = error;
                throw;
            }
        }
    }

    /// <summary>Waits for a write in flight; the caller sees to it that none follows.</summary>
    public void Quiesce()
    {
        lock (_syncing)
        {
            lock (_io)
            {
                _queue.Clear();
                _dirty.Clear();
            }
        }
    }

    private void SyncOnce(Span<SegmentEntry> entries)
    {
        Segment[] dirty;
        HashSet<Segment> finished;
        bool names;
        lock (_io)
        {
            dirty = [.. _dirty];
            names = _namesChanged;
            foreach (ref SegmentEntry entry in entries)
            {
                SetFileEnd(ref entry);
            }

            if (entries.Length > 0)
            {
                // The segment that is appended to has no index yet as far as this checkpoint knows, whatever came since.
                SegmentEntry last = entries[^1];
                entries[^1] = last.Encoding == SegmentEncoding.Plain ? last : last with
                {
                    IndexBytes = 0,
                    FileEnd = catalog.Find(last.Number)!.Packed!.FileEndOf(last.End),
                };
            }

            finished = [.. dirty.Where(static segment => segment.IsFinished)];
            _dirty.Clear();
            _namesChanged = false;
        }

        foreach (Segment segment in dirty)
        {
            segment.File!.Sync(SyncKind.Data);
        }

        LetGo(Array.FindAll(dirty, finished.Contains));

        if (names)
        {
            catalog.Files.Sync();
        }
    }

    private void LetGo(Segment[] finished)
    {
        foreach (Segment segment in finished)
        {
            if (segment.LetGo() is { } file)
            {
                gate.Retire(file.Dispose);
            }
        }
    }

    private void SetFileEnd(ref SegmentEntry entry)
    {
        Segment segment = catalog.Find(entry.Number)!;
        entry = entry with
        {
            Encoding = segment.Encoding,
            FileEnd = segment.Encoding == SegmentEncoding.Plain ? entry.End : segment.SealedFileEnd,
            IndexBytes = segment.IndexBytes,
        };
    }

    private bool WriteQueued(bool all, bool isOne = false)
    {
        try
        {
            while (TryPeek(out Item item))
            {
                if (item.Extent is not { } extent)
                {
                    FinishSegment(item.Segment);
                }
                else
                {
                    // Asked before the end is read: a closed extent does not grow after that.
                    bool closed = extent.IsClosed;
                    if (!closed && !all)
                    {
                        break;
                    }

                    Write(item.Segment, extent);
                    if (!closed)
                    {
                        break;
                    }

                    // The device writes while the next extent is filled: a checkpoint finds little left to wait for.
                    if (item.Segment.Encoding == SegmentEncoding.Plain)
                    {
                        behind.Add(item.Segment, extent.Start, extent.End - extent.Start);
                    }

                    MoveToFile(item.Segment, extent);
                }

                lock (_queueLock)
                {
                    _queue.Dequeue();
                }

                Problem = null;
                if (isOne)
                {
                    return true;
                }
            }

            Problem = null;
            return false;
        }
        catch (StorageException error)
        {
            Problem = error;
            throw;
        }
    }

    private bool TryPeek(out Item item)
    {
        lock (_queueLock)
        {
            return _queue.TryPeek(out item);
        }
    }

    private void Write(Segment segment, Extent extent)
    {
        IStorageFile file = EnsureFile(segment);
        long end = extent.End;
        if (segment.Encoding == SegmentEncoding.Packed)
        {
            WritePacked(segment, extent, end);
        }
        else if (end > extent.Written)
        {
            if (catalog.KeepsTails && file.Length is var there && there > extent.Written && there < end)
            {
                WritePlain(segment, file, extent, there);
            }

            WritePlain(segment, file, extent, end);
        }
    }

    private void WritePlain(Segment segment, IStorageFile file, Extent extent, long end)
    {
        int from = (int)(extent.Written - extent.Start);
        _dirty.Add(segment);
        file.Write(extent.Buffer.AsSpan(from, (int)(end - extent.Written)), extent.Written);
        extent.Written = end;
        segment.FileBytes = Math.Max(segment.FileBytes, end);
    }

    /// <summary>True when a file has bytes behind what was written in this life.</summary>
    private bool IsTailLeft()
    {
        if (!TryPeek(out Item item) || item is not { Segment: { Encoding: SegmentEncoding.Plain, File: { } file } segment, Extent: { } extent })
        {
            return true;
        }

        return file.Length > extent.Written || catalog.IsAnyBehind(segment.Number);
    }

    /// <summary>Takes out of a file what lies behind its records.</summary>
    private void CutFile(Segment segment)
    {
        if (segment.File is not { } file || !segment.HasHeader)
        {
            return;
        }

        // Of a packed segment that was mended the checkpoint counts an index too.
        long end = segment.Packed is { } packed ? Math.Max(packed.FileEnd, segment.SealedFileEnd) : segment.Tail.End;
        if (file.Length > end)
        {
            _dirty.Add(segment);
            file.SetLength(end);
            segment.FileBytes = Math.Min(segment.FileBytes, end);
        }
    }

    private void WritePacked(Segment segment, Extent extent, long end)
    {
        PackedBlocks blocks = segment.Packed!;
        while (end > extent.Written)
        {
            int from = (int)(extent.Written - extent.Start);
            ReadOnlySpan<byte> frames = extent.Buffer.AsSpan(from, (int)(end - extent.Written));
            long place = blocks.FileEnd;
            int packed = packer.Pack(segment.Number, frames, extent.Written, place);
            _dirty.Add(segment);
            segment.File!.Write(packer.Output, place);
            segment.File.BeginWriteback(place, packer.Output.Length);
            foreach (BlockEntry entry in packer.Entries)
            {
                blocks.Append(entry);
            }

            extent.Written += packed;
            segment.FileBytes = Math.Max(segment.FileBytes, blocks.FileEnd);
        }
    }

    private IStorageFile EnsureFile(Segment segment)
    {
        if (segment.File is null)
        {
            segment.File = catalog.Files.Open(segment.Name, FileIntent.OpenOrCreate);
            _namesChanged = true;
        }

        if (!segment.HasHeader)
        {
            // What an earlier run left behind its last checkpoint is not part of the store; but the log may refer to it.
            if (segment.File.Length > 0 && !(catalog.KeepsTails && segment.Encoding == SegmentEncoding.Plain))
            {
                segment.File.SetLength(0);
            }

            _dirty.Add(segment);
            segment.File.Write(SegmentHeader.Create(
                catalog.StoreId, segment.Number, segment.Encoding, segment.FirstLsn), 0);
            segment.Packed = segment.Encoding == SegmentEncoding.Packed
                ? catalog.Blocks(segment.Number, segment.File, SegmentHeader.Bytes, 0, SegmentHeader.Bytes)
                : null;
            segment.HasHeader = true;
            segment.FileBytes = SegmentHeader.Bytes;
        }

        return segment.File;
    }

    private void MoveToFile(Segment segment, Extent extent)
    {
        if (extent.End == extent.Start)
        {
            // Of frames that were staged and dropped.
            segment.Remove(extent);
        }
        else
        {
            segment.Replace(extent, catalog.Written(segment, segment.File!, extent.Start, extent.End));
        }

        byte[] buffer = extent.Buffer!;
        gate.Retire(() => pool.Return(buffer));
        Volatile.Write(ref _writtenBytes, _writtenBytes + extent.End - extent.Start);
    }

    /// <summary>One extent for the whole segment, and nothing in the file behind it.</summary>
    private void FinishSegment(Segment segment)
    {
        long end = segment.Tail.End;
        IStorageFile file = segment.File!;
        long fileEnd = segment.Packed is { } packed ? WriteIndex(segment, packed, end) : end;
        if (file.Length > fileEnd)
        {
            _dirty.Add(segment);
            file.SetLength(fileEnd);
        }

        segment.FileBytes = fileEnd;
        segment.IsFinished = true;
        _dirty.Add(segment);
        Extent[] old = segment.ReplaceAll([catalog.Written(segment, file, SegmentHeader.Bytes, end)]);
        gate.Retire(() =>
        {
            foreach (Extent extent in old)
            {
                extent.Region?.Dispose();
            }
        });
    }

    private long WriteIndex(Segment segment, PackedBlocks packed, long end)
    {
        long place = packed.FileEnd;
        ulong key = SegmentFormat.PositionKey(catalog.StoreKey, BlockFormat.Place(segment.Number, place));
        byte[] index = BlockIndexFormat.Encode(packed.Entries, end, key);
        _dirty.Add(segment);
        segment.File!.Write(index, place);
        segment.IndexBytes = (uint)index.Length;
        return segment.SealedFileEnd = place + index.Length;
    }

    private readonly record struct Item(Segment Segment, Extent? Extent);
}
