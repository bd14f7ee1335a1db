using System.Buffers;
using Mortise.Files;
using Mortise.Records;

namespace Mortise.Segments;

/// <summary>Reads frames that were written before their commits, wherever the checkpoint says that the records end.</summary>
/// <remarks>Reads ahead. The files may be written to meanwhile: what is not whole in what was read ahead is read again before
/// it counts as missing.</remarks>
internal sealed class StagedFrameReader(IStorageDirectory files, Guid storeId) : IStagedReader
{
    private const int ReadAhead = 256 << 10;

    private readonly ulong _storeKey = SegmentFormat.StoreKey(storeId);
    private IStorageFile? _file;
    private uint _segment;
    private byte[] _buffer = [];
    private long _start;
    private int _count;

    /// <inheritdoc/>
    public bool TryRead(in StagedRecord record, ulong check, Span<byte> body)
    {
        SegmentAddress address = SegmentAddress.Of(record.Location);
        if (record.Length is < 1 or > FrameFormat.MaxBodyBytes || body.Length != record.Length
            || address.Segment == 0 || address.Offset < SegmentHeader.Bytes || !Open(address.Segment))
        {
            return false;
        }

        int size = checked((int)FrameFormat.Size(record.Length));
        bool isAhead = address.Offset >= _start && address.Offset + size <= _start + _count;
        if (!isAhead)
        {
            Fill(address.Offset, size);
        }

        if (!IsWhole(record, check, address.Offset, size))
        {
            if (isAhead)
            {
                Fill(address.Offset, size);
            }

            if (!isAhead || !IsWhole(record, check, address.Offset, size))
            {
                return false;
            }
        }

        Frame(address.Offset, size).Slice(FrameFormat.HeaderBytes, record.Length).CopyTo(body);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
        _count = 0;
        ReturnBuffer();
    }

    private void ReturnBuffer()
    {
        byte[] buffer = _buffer;
        _buffer = [];
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private ReadOnlySpan<byte> Frame(long offset, int size) => _buffer.AsSpan((int)(offset - _start), size);

    private bool IsWhole(in StagedRecord record, ulong check, long offset, int size)
    {
        if (offset + size > _start + _count)
        {
            return false;
        }

        ReadOnlySpan<byte> frame = Frame(offset, size);
        return FrameFormat.ChecksumOf(frame) == check
            && FrameFormat.BodyBytes(frame) == record.Length
            && FrameFormat.LsnOf(frame) == record.Lsn
            && !FrameFormat.IsLost(frame)
            && FrameFormat.Verify(frame, SegmentFormat.PositionKey(_storeKey, record.Location.Value));
    }

    private bool Open(uint segment)
    {
        if (_file is not null && _segment == segment)
        {
            return true;
        }

        _file?.Dispose();
        _file = null;
        _count = 0;
        try
        {
            _file = files.Open(SegmentFormat.SegmentName(segment), FileIntent.Read);
        }
        catch (StorageException error) when (error.Code == StorageErrorCode.NotFound)
        {
            // Never made durable, or given back since.
            return false;
        }

        _segment = segment;
        return true;
    }

    private void Fill(long offset, int size)
    {
        _start = offset;
        _count = 0;
        if (_file!.Length - offset < size)
        {
            return;
        }

        int wanted = Math.Max(size, ReadAhead);
        if (_buffer.Length < wanted)
        {
            ReturnBuffer();
            _buffer = ArrayPool<byte>.Shared.Rent(wanted);
        }

        while (_count < wanted)
        {
            int read = _file.Read(_buffer.AsSpan(_count, wanted - _count), offset + _count);
            if (read == 0)
            {
                return;
            }

            _count += read;
        }
    }
}
