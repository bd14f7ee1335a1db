namespace Mortise.Indexing;

/// <summary>Hands on the first entry of one range, and ends the scan: what <see cref="IIndexSnapshot.ScanFirst"/> is
/// for one range, by a scan.</summary>
/// <typeparam name="TSink">Whom it hands the entry to.</typeparam>
/// <param name="sink">Copied; read it back when the scan has ended.</param>
/// <param name="range">The range's number.</param>
public struct FirstOfRange<TSink>(TSink sink, int range) : IEntrySink
    where TSink : struct, IFirstEntrySink
{
#pragma warning disable IDE0044 // A sink is a struct that changes while it accepts.
    private TSink _sink = sink;
#pragma warning restore IDE0044

    /// <summary>The sink as it is now.</summary>
    public readonly TSink Sink => _sink;

    /// <summary>True when the sink wants no more of any range.</summary>
    public bool IsStopped { get; private set; }

    /// <inheritdoc/>
    public bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        IsStopped = !_sink.Accept(range, key, value);
        return false;
    }
}
