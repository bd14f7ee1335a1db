using System.Buffers;
using System.IO.Compression;

namespace Mortise.Relay;

/// <summary>Compresses one message as permessage-deflate sends it (RFC 7692, section 7.2.1).</summary>
/// <remarks>Threads: any; each has a buffer of its own.</remarks>
internal static class MessageDeflater
{
    /// <summary>Shorter messages grow, or do not shrink by what it costs.</summary>
    public const int MinBytes = 256;

    // An empty stored block ends what was flushed; a receiver puts it back.
    private const int FlushBytes = 4;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? s_buffer;

    /// <summary>Compresses a message made of parts.</summary>
    /// <param name="a">The first part.</param>
    /// <param name="b">The second.</param>
    /// <param name="c">The third.</param>
    /// <param name="compressed">What to send; until the next call on this thread.</param>
    /// <returns>False when the message had better go as it is.</returns>
    public static bool TryDeflate(
        ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, ReadOnlySpan<byte> c, out ReadOnlySpan<byte> compressed)
    {
        int length = a.Length + b.Length + c.Length;
        compressed = default;
        if (length < MinBytes)
        {
            return false;
        }

        ArrayBufferWriter<byte> buffer = s_buffer ??= new ArrayBufferWriter<byte>();
        buffer.ResetWrittenCount();
        using (var target = new BufferStream(buffer))
        using (var deflate = new DeflateStream(target, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(a);
            deflate.Write(b);
            deflate.Write(c);
            deflate.Flush();
            compressed = buffer.WrittenSpan;
        }

        // What disposing adds, the last block, is not part of the message.
        compressed = compressed.EndsWith((ReadOnlySpan<byte>)[0, 0, 0xFF, 0xFF]) ? compressed[..^FlushBytes] : default;
        return compressed.Length > 0 && compressed.Length < length;
    }

    /// <summary>A stream that appends to a buffer.</summary>
    private sealed class BufferStream(ArrayBufferWriter<byte> buffer) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override void Write(ReadOnlySpan<byte> bytes) => buffer.Write(bytes);

        public override void Write(byte[] bytes, int offset, int count) => buffer.Write(bytes.AsSpan(offset, count));

        public override int Read(byte[] bytes, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
