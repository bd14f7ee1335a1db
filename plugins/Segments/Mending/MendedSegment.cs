using Mortise.Files;

namespace Mortise.Segments;

/// <summary>Writes a segment anew from the frames of it that are whole: each in its place, and frames that say so where
/// records are lost.</summary>
internal sealed class MendedSegment(SegmentCatalog catalog, SegmentEntry entry, DeletionMap deleted, IStorageFile draft)
{
    // Lost regions are filled with frames of this size, so that none of them is a burden to read.
    private const int LostChunkBytes = 1 << 20;
    private const int PackedBlockBytes = 16 << 10;
    private const int PackedLevel = 4;

    private readonly BlockPacker _packer = new(catalog.StoreKey, PackedBlockBytes, PackedLevel);
    private readonly List<BlockEntry> _blocks = [];
    private readonly List<byte> _pending = [];
    private RecordTotals _usage;
    private long _at = SegmentHeader.Bytes;
    private long _written = SegmentHeader.Bytes;
    private long _place = SegmentHeader.Bytes;
    private uint _previous;
    private Lsn _lsn = Lsn.None.Next;

    /// <summary>Bytes that held records before and hold none now.</summary>
    public long BytesLost { get; private set; }

    /// <summary>Writes and syncs the file.</summary>
    /// <param name="frames">Offsets and sizes of the whole ones, in order.</param>
    /// <param name="source">Where they are; null when there are none.</param>
    /// <param name="old">The file that is mended; null when there is none.</param>
    /// <returns>The entry of the new file.</returns>
    public SegmentEntry Write(List<(long Offset, int Bytes)> frames, Extent? source, IStorageFile? old)
    {
        var window = new FileWindow(LostChunkBytes);
        try
        {
            return Write(frames, source, old, ref window);
        }
        finally
        {
            window.Dispose();
        }
    }

    private SegmentEntry Write(
        List<(long Offset, int Bytes)> frames, Extent? source, IStorageFile? old, scoped ref FileWindow window)
    {
        if (frames.Count > 0)
        {
            _lsn = FrameFormat.LsnOf(window.Bytes(source!, frames[0].Offset, FrameFormat.HeaderBytes));
        }

        draft.Write(SegmentHeader.Create(catalog.StoreId, entry.Number, entry.Encoding, _lsn), 0);
        foreach ((long offset, int bytes) in frames)
        {
            FillTo(offset);
            byte[] frame = window.Bytes(source!, offset, bytes).ToArray();
            if (FrameFormat.PreviousBytes(frame) != _previous)
            {
                FrameFormat.SetPrevious(frame, _previous, Key(offset));
            }

            _lsn = FrameFormat.LsnOf(frame);
            Count(offset, frame);
            Add(frame);
        }

        FillTo(entry.End);
        Flush();
        if (entry.Encoding == SegmentEncoding.Plain && old is not null)
        {
            CopyBehind(old);
        }

        SegmentEntry mended = entry with { LastFrameBytes = _previous, Usage = _usage };
        if (entry.Encoding == SegmentEncoding.Packed)
        {
            ulong key = SegmentFormat.PositionKey(catalog.StoreKey, BlockFormat.Place(entry.Number, _place));
            byte[] index = BlockIndexFormat.Encode([.. _blocks], entry.End, key);
            draft.Write(index, _place);
            mended = mended with { FileEnd = _place + index.Length, IndexBytes = (uint)index.Length };
        }

        draft.Sync(SyncKind.Full);
        return mended;
    }

    /// <summary>What lies behind the records as it is: commits in the log may refer to it.</summary>
    private void CopyBehind(IStorageFile old)
    {
        byte[] chunk = new byte[LostChunkBytes];
        long at = entry.End;
        for (int read = old.Read(chunk, at); read > 0; read = old.Read(chunk, at))
        {
            draft.Write(chunk.AsSpan(0, read), at);
            at += read;
        }
    }

    private ulong Key(long offset) => SegmentFormat.PositionKey(
        catalog.StoreKey, new SegmentAddress(entry.Number, offset).Location.Value);

    private void Count(long offset, ReadOnlySpan<byte> frame)
    {
        if (FrameFormat.IsLost(frame))
        {
            return;
        }

        int body = FrameFormat.BodyBytes(frame);
        RecordTotals usage = _usage.WithPut(body);
        _usage = deleted.Contains(offset) ? usage.WithDelete(body) : usage;
    }

    private void FillTo(long offset)
    {
        BytesLost += offset - _at;
        while (_at < offset)
        {
            // What is left must have room for a frame of its own.
            long room = offset - _at;
            int size = (int)(room <= LostChunkBytes + FrameFormat.MinFrameBytes ? room : LostChunkBytes);
            byte[] frame = new byte[size];
            FrameFormat.WriteLost(frame, _previous, _lsn, Key(_at));
            Add(frame);
        }
    }

    private void Add(byte[] frame)
    {
        _pending.AddRange(frame);
        _at += frame.Length;
        _previous = (uint)frame.Length;
        if (_pending.Count >= LostChunkBytes)
        {
            Flush();
        }
    }

    private void Flush()
    {
        ReadOnlySpan<byte> frames = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_pending);
        while (frames.Length > 0)
        {
            int done = frames.Length;
            if (entry.Encoding == SegmentEncoding.Plain)
            {
                draft.Write(frames, _written);
            }
            else
            {
                done = _packer.Pack(entry.Number, frames, _written, _place);
                draft.Write(_packer.Output, _place);
                _place += _packer.Output.Length;
                _blocks.AddRange(_packer.Entries);
            }

            _written += done;
            frames = frames[done..];
        }

        _pending.Clear();
    }
}
