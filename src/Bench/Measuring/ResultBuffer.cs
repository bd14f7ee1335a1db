using Mortise.Nostr;

namespace Mortise.Bench.Measuring;

/// <summary>Where a query copies its results: each whole record, as its rivals do.</summary>
internal sealed class ResultBuffer
{
    private const int IdBytes = 32;

    private byte[] _bytes = GC.AllocateUninitializedArray<byte>(4 << 20, pinned: true);

    /// <summary>Bytes of the results.</summary>
    public int Used { get; private set; }

    /// <summary>Number of results.</summary>
    public int Count { get; private set; }

    /// <summary>Over all results since the buffer was made, while <see cref="Digests"/>.</summary>
    public QueryDigest Digest { get; private set; } = new();

    /// <summary>Whether results enter the digest.</summary>
    public bool Digests { get; set; }

    public void Clear()
    {
        Used = 0;
        Count = 0;
    }

    public void Add(in EventView @event)
    {
        ReadOnlySpan<byte> record = @event.Record;
        if (_bytes.Length - Used < record.Length)
        {
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, Used + record.Length));
        }

        record.CopyTo(_bytes.AsSpan(Used));
        Used += record.Length;
        Count++;
        if (Digests)
        {
            QueryDigest digest = Digest;
            digest.Add(@event.Id[..IdBytes]);
            Digest = digest;
        }
    }

    /// <summary>Hands a query's events to the buffer.</summary>
    public readonly struct Sink(ResultBuffer to) : IEventSink
    {
        public bool Accept(in EventView @event)
        {
            to.Add(@event);
            return true;
        }
    }
}
