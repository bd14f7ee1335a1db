using Mortise.Files;

namespace Mortise.Engine;

/// <summary>A file whose changes stay in memory, in blocks over the bytes below.</summary>
internal sealed class OverlayFile(string path, OverlayFile.Content content) : IStorageFile
{
    public string Path { get; } = path;

    public long Length => content.Length;

    public bool IsPoisoned => false;

    public int Read(Span<byte> to, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return content.Read(to, offset);
    }

    public void Write(ReadOnlySpan<byte> from, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        content.Write(from, offset);
    }

    public void SetLength(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        content.SetLength(length);
    }

    public void PunchHole(long offset, long length) => content.Zero(offset, length);

    public void Sync(SyncKind kind)
    {
        // Nothing here outlives the process, so there is nothing to make durable.
    }

    public bool TryMap(long offset, long length, out MappedRegion? region)
    {
        region = null;
        return false;
    }

    public void Dispose()
    {
        // The content lives as long as its directory entry: other handles may be open.
    }

    /// <summary>The bytes of a file: the original where it was not written to, blocks where it was.</summary>
    internal sealed class Content(IStorageFile? original)
    {
        private const int BlockBytes = 64 * 1024;

        private readonly Lock _gate = new();
        private readonly Dictionary<long, byte[]> _blocks = [];
        private long _originalLength = original?.Length ?? 0;
        private long _length = original?.Length ?? 0;

        public long Length
        {
            get
            {
                lock (_gate)
                {
                    return _length;
                }
            }
        }

        public int Read(Span<byte> to, long offset)
        {
            lock (_gate)
            {
                int wanted = (int)Math.Clamp(_length - offset, 0, to.Length);
                for (int done = 0; done < wanted;)
                {
                    (long block, int within) = Split(offset + done);
                    int count = Math.Min(BlockBytes - within, wanted - done);
                    Span<byte> part = to.Slice(done, count);
                    if (_blocks.TryGetValue(block, out byte[]? bytes))
                    {
                        bytes.AsSpan(within, count).CopyTo(part);
                    }
                    else
                    {
                        ReadOriginal(part, offset + done);
                    }

                    done += count;
                }

                return wanted;
            }
        }

        public void Write(ReadOnlySpan<byte> from, long offset)
        {
            lock (_gate)
            {
                for (int done = 0; done < from.Length;)
                {
                    (long block, int within) = Split(offset + done);
                    int count = Math.Min(BlockBytes - within, from.Length - done);
                    from.Slice(done, count).CopyTo(BlockFor(block).AsSpan(within));
                    done += count;
                }

                _length = Math.Max(_length, offset + from.Length);
            }
        }

        public void SetLength(long length)
        {
            lock (_gate)
            {
                if (length < _length)
                {
                    // What is cut off must read as zero if the file grows again.
                    ZeroLocked(length, _length - length);
                    _originalLength = Math.Min(_originalLength, length);
                }

                _length = length;
            }
        }

        public void Zero(long offset, long length)
        {
            lock (_gate)
            {
                ZeroLocked(offset, Math.Min(length, _length - offset));
            }
        }

        private static (long Block, int Within) Split(long offset) => (offset / BlockBytes, (int)(offset % BlockBytes));

        private void ZeroLocked(long offset, long length)
        {
            for (long done = 0; done < length;)
            {
                (long block, int within) = Split(offset + done);
                int count = (int)Math.Min(BlockBytes - within, length - done);
                bool isUntouched = !_blocks.ContainsKey(block) && block * BlockBytes >= _originalLength;
                if (!isUntouched)
                {
                    BlockFor(block).AsSpan(within, count).Clear();
                }

                done += count;
            }
        }

        private byte[] BlockFor(long block)
        {
            if (!_blocks.TryGetValue(block, out byte[]? bytes))
            {
                bytes = new byte[BlockBytes];
                ReadOriginal(bytes, block * BlockBytes);
                _blocks.Add(block, bytes);
            }

            return bytes;
        }

        private void ReadOriginal(Span<byte> to, long offset)
        {
            int there = (int)Math.Clamp(_originalLength - offset, 0, to.Length);
            int read = there == 0 ? 0 : original!.Read(to[..there], offset);
            to[read..].Clear();
        }
    }
}
