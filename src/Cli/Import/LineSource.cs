using System.Buffers;
using System.IO.Compression;
using System.Runtime.CompilerServices;

namespace Mortise.Cli.Import;

/// <summary>Cuts a stream of text into batches of whole lines without making a string of any.</summary>
/// <remarks>
/// Lines end with LF or CRLF, the last one may have no end; blank lines are skipped but counted. A stream that begins
/// with the two bytes of gzip is unpacked, whatever its name says. A line above <see cref="MaxLineBytes"/> is skipped
/// and reported, so that hostile input costs a bounded amount of memory.
/// </remarks>
internal sealed class LineSource
{
    /// <summary>The longest line that is read, in bytes.</summary>
    public const int MaxLineBytes = 16 << 20;

    private const int BatchBytes = 512 << 10;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    private readonly Stream _stream;
    private readonly bool _fillsBatches;
    private long _lines;
    private bool _isSkipping;

    /// <summary>Reads a stream.</summary>
    /// <param name="stream">Disposed by the caller.</param>
    /// <param name="fillsBatches">True to wait until a batch is full, for files; false to hand out whole lines as soon
    /// as they arrive, for a pipe whose writer waits for answers.</param>
    public LineSource(Stream stream, bool fillsBatches)
    {
        _stream = stream;
        _fillsBatches = fillsBatches;
    }

    /// <summary>The batches, in order. The caller disposes each.</summary>
    public async IAsyncEnumerable<LineBatch> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await using Stream unpacked = await UnpackAsync(_stream, cancellation).ConfigureAwait(false);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BatchBytes);
        int filled = 0;
        int scanned = 0;
        bool atEnd = false;
        while (!atEnd)
        {
            int read = await unpacked.ReadAsync(buffer.AsMemory(filled), cancellation).ConfigureAwait(false);
            atEnd = read == 0;
            filled += read;
            bool wants = !atEnd && _fillsBatches && filled < buffer.Length;
            int lastEnd = wants ? -1 : buffer.AsSpan(scanned, filled - scanned).LastIndexOf((byte)'\n');
            if (lastEnd < 0 && !atEnd)
            {
                // No whole line yet: read on, in a larger buffer when this one is full.
                scanned = wants ? scanned : filled;
                if (filled == buffer.Length)
                {
                    (buffer, filled) = GrowOrSkip(buffer, filled);
                    scanned = Math.Min(scanned, filled);
                }

                continue;
            }

            int end = atEnd ? filled : scanned + lastEnd + 1;
            int rest = filled - end;
            byte[] next = ArrayPool<byte>.Shared.Rent(Math.Max(BatchBytes, 2 * rest));
            buffer.AsSpan(end, rest).CopyTo(next);
            var batch = new LineBatch(buffer);
            Cut(buffer.AsSpan(0, end), batch);
            (buffer, filled, scanned) = (next, rest, 0);
            if (batch.Count > 0 || batch.TooLong.Count > 0)
            {
                yield return batch;
            }
            else
            {
                batch.Dispose();
            }
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    private static async ValueTask<Stream> UnpackAsync(Stream stream, CancellationToken cancellation)
    {
        byte[] head = new byte[2];
        int length = await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellation)
            .ConfigureAwait(false);
        var whole = new PrefixedStream(head.AsMemory(0, length), stream);
        return length == 2 && head[0] == 0x1F && head[1] == 0x8B
            ? new GZipStream(whole, CompressionMode.Decompress)
            : whole;
    }

    // Called with a full buffer that holds the beginning of one line only.
    private (byte[] Buffer, int Filled) GrowOrSkip(byte[] buffer, int filled)
    {
        if (_isSkipping || filled > MaxLineBytes)
        {
            _isSkipping = true;
            return (buffer, 0);
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent(2 * buffer.Length);
        buffer.AsSpan(0, filled).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return (larger, filled);
    }

    private void Cut(ReadOnlySpan<byte> lines, LineBatch into)
    {
        int start = 0;
        while (start < lines.Length || (_isSkipping && start == 0))
        {
            int end = lines[start..].IndexOf((byte)'\n');
            int length = end < 0 ? lines.Length - start : end;
            _lines++;
            ReadOnlySpan<byte> line = lines.Slice(start, length).TrimEnd((byte)'\r');
            if (_lines == 1 && line.StartsWith(ByteOrderMark))
            {
                start += ByteOrderMark.Length;
                length -= ByteOrderMark.Length;
                line = line[ByteOrderMark.Length..];
            }

            if (_isSkipping || line.Length > MaxLineBytes)
            {
                into.TooLong.Add(_lines);
                _isSkipping = false;
            }
            else if (line.ContainsAnyExcept(" \t\r"u8))
            {
                into.Add(start, line.Length, _lines);
            }

            start += length + 1;
        }
    }
}
