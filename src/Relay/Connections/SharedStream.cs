namespace Mortise.Relay;

/// <summary>A connection's bytes, written by two: the outbox with messages, and the WebSocket with pings, pongs and the
/// close. Each write is whole frames and goes out undivided.</summary>
/// <param name="inner">The bytes.</param>
/// <param name="time">The clock.</param>
internal sealed class SharedStream(Stream inner, TimeProvider time) : Stream
{
    private readonly SemaphoreSlim _writing = new(1, 1);

    /// <summary>What the client pays for what asks for nothing.</summary>
    public FrameToll Toll { get; } = new(time);

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (Toll.IsSpent)
        {
            await Toll.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        int length = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Toll.See(buffer.Span[..length]);
        if (Toll.IsFlooded)
        {
            throw new IOException("the client sends nothing but pings");
        }

        return length;
    }

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
