namespace Mortise.Relay;

/// <summary>Bytes that wait for all readers together.</summary>
internal sealed class OutgoingBudget(long maxBytes)
{
    private long _bytes;

    /// <summary>Bytes that wait now.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>True when more wait than may.</summary>
    public bool IsExceeded => Bytes > maxBytes;

    public void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);
}
