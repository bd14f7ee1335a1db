using System.Buffers;
using Mortise.Files;
using Mortise.Wal.Format;

namespace Mortise.Wal.Segments;

/// <summary>What stands behind the first bad byte of a segment.</summary>
/// <param name="MaxClaim">The highest LSN that a whole frame there says was durable before it was written.</param>
/// <param name="Frames">Whole frames of this segment.</param>
/// <param name="End">The end of the last bytes that were certainly written here, or the start of the search.</param>
internal readonly record struct TailSearch(ulong MaxClaim, long Frames, long End)
{
    private const int WindowBytes = 1 << 20;

    /// <summary>Looks at every place where a frame could begin.</summary>
    /// <remarks>Blocks reach the disk in any order, so whole frames behind a hole are what a crash can leave. Only one
    /// that was written after a later sync proves that the hole was once whole.</remarks>
    /// <param name="file">The segment.</param>
    /// <param name="header">Its header.</param>
    /// <param name="from">The offset of the first bad byte; a multiple of the alignment.</param>
    /// <param name="cancellation">Stops the search.</param>
    public static TailSearch Run(IStorageFile file, SegmentHeader header, long from, CancellationToken cancellation)
    {
        FrameChecksum checksum = header.FrameChecksum;
        long length = file.Length;
        ulong claim = 0;
        long frames = 0;
        long end = from;
        byte[] window = ArrayPool<byte>.Shared.Rent(WindowBytes);
        try
        {
            long offset = from;
            while (offset < length)
            {
                cancellation.ThrowIfCancellationRequested();
                int got = ReadFully(file, window, offset, (int)Math.Min(window.Length, length - offset));
                if (got == 0)
                {
                    break;
                }

                if (!header.IsRecycled)
                {
                    int last = window.AsSpan(0, got).LastIndexOfAnyExcept((byte)0);
                    end = last < 0 ? end : Math.Max(end, offset + last + 1);
                    if (last < 0)
                    {
                        offset += got;
                        continue;
                    }
                }

                int at = 0;
                for (; at + WalFormat.FrameHeaderBytes <= got; at += WalFormat.FrameAlignment)
                {
                    if (FrameHeader.TryRead(
                        window.AsSpan(at), checksum, offset + at, length - offset - at, out FrameHeader found))
                    {
                        end = Math.Max(end, offset + at + found.FrameBytes);
                        if (IsWhole(file, checksum, offset + at, found))
                        {
                            frames++;
                            claim = Math.Max(claim, found.Claim);
                        }
                    }
                }

                if (got < WalFormat.FrameHeaderBytes)
                {
                    break;
                }

                offset += at;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(window);
        }

        return new TailSearch(claim, frames, end);
    }

    private static bool IsWhole(IStorageFile file, in FrameChecksum checksum, long offset, in FrameHeader found)
    {
        int bytes = WalFormat.FrameHeaderBytes + found.PayloadBytes;
        byte[] frame = ArrayPool<byte>.Shared.Rent(bytes);
        try
        {
            return ReadFully(file, frame, offset, bytes) == bytes && found.Vouches(checksum, offset, frame);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame);
        }
    }

    private static int ReadFully(IStorageFile file, byte[] to, long offset, int bytes)
    {
        int got = 0;
        while (got < bytes)
        {
            int read = file.Read(to.AsSpan(got, bytes - got), offset + got);
            if (read == 0)
            {
                break;
            }

            got += read;
        }

        return got;
    }
}
