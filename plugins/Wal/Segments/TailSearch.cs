using Mortise.Files;
using Mortise.Wal.Format;

namespace Mortise.Wal.Segments;

/// <summary>What stands behind the first bad byte of a segment.</summary>
/// <param name="MaxClaim">The highest LSN that a whole frame there says was durable before it was written.</param>
/// <param name="Frames">Whole frames of this segment.</param>
/// <param name="End">The end of the last bytes that were certainly written here, or the start of the search.</param>
internal readonly record struct TailSearch(ulong MaxClaim, long Frames, long End)
{
    /// <summary>Looks at every place where a frame could begin.</summary>
    /// <remarks>Blocks reach the disk in any order, so whole frames behind a hole are what a crash can leave. Only one
    /// that was written after a later sync proves that the hole was once whole.</remarks>
    /// <param name="file">The segment.</param>
    /// <param name="header">Its header.</param>
    /// <param name="from">The offset of the first bad byte; a multiple of the alignment.</param>
    /// <param name="cancellation">Stops the search.</param>
    public static TailSearch Run(IStorageFile file, SegmentHeader header, long from, CancellationToken cancellation)
    {
        ulong claim = 0;
        long frames = 0;
        var search = new FrameSearch(file, header, from);
        try
        {
            while (search.TryNext(out FrameHeader found, out bool isWhole, cancellation))
            {
                if (isWhole)
                {
                    frames++;
                    claim = Math.Max(claim, found.Claim);
                }

                search.Skip(isWhole ? found.FrameBytes : WalFormat.FrameAlignment);
            }

            return new TailSearch(claim, frames, search.LastWritten);
        }
        finally
        {
            search.Dispose();
        }
    }
}
