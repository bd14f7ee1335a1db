using Mortise.Files;

namespace Mortise.Segments;

/// <summary>Brings appended extents from memory into segment files, in order.</summary>
/// <remarks>
/// <para>Threads: <see cref="Enqueue"/> and <see cref="Finish"/> from the writer; writing and syncing from the writer or
/// a checkpoint, one at a time.</para>
/// <para>A write that fails changes nothing here: the bytes stay in memory, stay readable, and are written again from
/// there. A sync that fails is final (R1, R2: no retry can be told apart from a lie).</para>
/// </remarks>
internal sealed class PendingWrites(SegmentCatalog catalog, ReaderGate gate, BufferPool pool, BlockPacker packer)
{
    private readonly Lock _queueLock = new();
    private readonly Lock _io = new();
    private readonly Queue<Item> _queue = new();
    private readonly HashSet<Segment> _dirty = [];
    private bool _namesChanged;
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

    /// <summary>Makes everything that was written durable, names included.</summary>
    /// <param name="entries">Segments as they were when <see cref="WriteAll"/> was called at the latest; receive what of
    /// their files counts for them. The last is the one that is appended to.</param>
    /// <exception cref="StorageException">A sync failed: nothing may be vouched for until the store is reopened.</exception>
    public void SyncWritten(Span<SegmentEntry> entries)
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

    /// <summary>Waits for a write in flight; the caller sees to it that none follows.</summary>
    public void Quiesce()
    {
        lock (_io)
        {
            _queue.Clear();
            _dirty.Clear();
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
            int from = (int)(extent.Written - extent.Start);
            _dirty.Add(segment);
            int length = (int)(end - extent.Written);
            file.Write(extent.Buffer.AsSpan(from, length), extent.Written);

            // The device writes while the next extent is filled: a checkpoint finds little left to wait for.
            file.BeginWriteback(extent.Written, length);
            extent.Written = end;
            segment.FileBytes = Math.Max(segment.FileBytes, end);
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
            // What an earlier run left behind its last checkpoint is not part of the store.
            if (segment.File.Length > 0)
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
        segment.Replace(extent, catalog.Written(segment, segment.File!, extent.Start, extent.End));
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
