using System.Buffers;
using System.Buffers.Binary;

namespace Mortise.Relay;

/// <summary>What waits to be sent on one connection: WebSocket frames, end to end.</summary>
/// <remarks>
/// <para>Threads: any number append; one drain runs at a time, on the thread pool, and only while something
/// waits.</para>
/// <para>Many messages go out in one write, and an idle connection holds no buffer.</para>
/// <para>Bounded: a reader for whom more than the limit would wait is dropped, and nobody waits for it.</para>
/// </remarks>
internal sealed class Outbox : IThreadPoolWorkItem
{
    private const int MinBuffer = 4_096;
    private const byte FinalText = 0x81;
    private const byte Compressed = 0x40;

    private readonly Lock _gate = new();
    private readonly Stream _stream;
    private readonly OutgoingBudget _budget;
    private readonly int _maxBytes;
    private readonly TimeProvider _time;
    private readonly Action<string> _drop;
    private byte[] _filling = [];
    private int _filled;
    private int _sending;
    private bool _isDraining;
    private bool _isClosed;
    private long _writeBegan;
    private TaskCompletionSource? _drained;

    /// <summary>Makes an empty outbox.</summary>
    /// <param name="stream">Takes whole frames.</param>
    /// <param name="budget">What all outboxes share.</param>
    /// <param name="maxBytes">Bytes that may wait.</param>
    /// <param name="time">The clock.</param>
    /// <param name="drop">Told once why the connection must go.</param>
    public Outbox(Stream stream, OutgoingBudget budget, int maxBytes, TimeProvider time, Action<string> drop)
    {
        _stream = stream;
        _budget = budget;
        _maxBytes = maxBytes;
        _time = time;
        _drop = drop;
    }

    /// <summary>True when the handshake agreed on permessage-deflate: messages that shrink are compressed.</summary>
    public bool Compresses { get; init; }

    /// <summary>Bytes that wait, those being written included.</summary>
    public int Waiting => Volatile.Read(ref _filled) + Volatile.Read(ref _sending);

    /// <summary>True when a producer that can wait should.</summary>
    public bool IsFull => Waiting > _maxBytes / 8;

    /// <summary>How long the write under way has taken; zero when there is none.</summary>
    public TimeSpan Stall
    {
        get
        {
            long began = Volatile.Read(ref _writeBegan);
            return began == 0 ? TimeSpan.Zero : _time.GetElapsedTime(began);
        }
    }

    /// <summary>Queues one text message made of parts.</summary>
    /// <returns>False when the connection is gone, or goes because too much waits.</returns>
    public bool TrySend(
        ReadOnlySpan<byte> a, ReadOnlySpan<byte> b = default, ReadOnlySpan<byte> c = default)
    {
        byte first = FinalText;
        if (Compresses && MessageDeflater.TryDeflate(a, b, c, out ReadOnlySpan<byte> deflated))
        {
            first |= Compressed;
            a = deflated;
            b = c = default;
        }

        int payload = a.Length + b.Length + c.Length;
        int header = payload < 126 ? 2 : payload <= ushort.MaxValue ? 4 : 10;
        int frame = header + payload;
        bool starts;
        lock (_gate)
        {
            if (_isClosed)
            {
                return false;
            }

            if (_filled + _sending + frame > _maxBytes || (_budget.IsExceeded && _filled + _sending > 65_536))
            {
                _isClosed = true;
                starts = false;
            }
            else
            {
                Reserve(frame);
                Span<byte> to = _filling.AsSpan(_filled, frame);
                WriteHeader(to, first, payload);
                a.CopyTo(to[header..]);
                b.CopyTo(to[(header + a.Length)..]);
                c.CopyTo(to[(header + a.Length + b.Length)..]);
                _filled += frame;
                _budget.Add(frame);
                starts = !_isDraining;
                _isDraining = true;
            }
        }

        if (_isClosed)
        {
            _drop("too slow: too much waits to be read");
            return false;
        }

        if (starts)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        return true;
    }

    /// <summary>Completes when little or nothing waits any more, or the connection is gone.</summary>
    public Task WhenDrainedAsync()
    {
        lock (_gate)
        {
            if (!_isDraining || _isClosed)
            {
                return Task.CompletedTask;
            }

            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    /// <summary>Takes nothing more; what waits is forgotten.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            if (!_isDraining)
            {
                Release();
            }

            _drained?.TrySetResult();
            _drained = null;
        }
    }

    /// <inheritdoc/>
    public void Execute() => _ = DrainAsync();

    private async Task DrainAsync()
    {
        byte[] buffer = [];
        try
        {
            while (true)
            {
                int count;
                lock (_gate)
                {
                    Volatile.Write(ref _writeBegan, 0);
                    _budget.Add(-_sending);
                    _sending = 0;
                    if (_filled == 0 || _isClosed)
                    {
                        _isDraining = false;
                        Release();
                        _drained?.TrySetResult();
                        _drained = null;
                        return;
                    }

                    (buffer, _filling) = (_filling, buffer);
                    count = _sending = _filled;
                    _filled = 0;
                    Volatile.Write(ref _writeBegan, Math.Max(1, _time.GetTimestamp()));
                }

                await _stream.WriteAsync(buffer.AsMemory(0, count)).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException
            or InvalidOperationException)
        {
            // The connection broke: whoever reads from it finds out too and cleans up.
            lock (_gate)
            {
                _isClosed = true;
                _isDraining = false;
                _budget.Add(-_sending);
                _sending = 0;
                Volatile.Write(ref _writeBegan, 0);
                Release();
                _drained?.TrySetResult();
                _drained = null;
            }
        }
        finally
        {
            if (buffer.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private void Reserve(int bytes)
    {
        if (_filling.Length - _filled >= bytes)
        {
            return;
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(MinBuffer, Math.Max(_filled + bytes, 2 * _filled)));
        _filling.AsSpan(0, _filled).CopyTo(larger);
        if (_filling.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_filling);
        }

        _filling = larger;
    }

    private void Release()
    {
        _budget.Add(-_filled);
        _filled = 0;
        if (_filling.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_filling);
            _filling = [];
        }
    }

    /// <summary>RFC 6455, section 5.2: one final text frame, not masked, as servers send; its second bit says that it is
    /// compressed (RFC 7692).</summary>
    private static void WriteHeader(Span<byte> to, byte first, int payload)
    {
        to[0] = first;
        if (payload < 126)
        {
            to[1] = (byte)payload;
        }
        else if (payload <= ushort.MaxValue)
        {
            to[1] = 126;
            BinaryPrimitives.WriteUInt16BigEndian(to[2..], (ushort)payload);
        }
        else
        {
            to[1] = 127;
            BinaryPrimitives.WriteUInt64BigEndian(to[2..], (ulong)payload);
        }
    }
}
