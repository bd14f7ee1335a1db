using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Hands on the first entry of one range that a reader may see, and ends the scan.</summary>
/// <param name="sink">Copied; read it back when the scan has ended.</param>
/// <param name="range">The range's place among those that were asked for.</param>
internal struct FirstInForce<TSink>(TSink sink, int range) : IFamilySink
    where TSink : struct, IFamilyFirstSink
{
    public TSink Sink = sink;

    /// <summary>True when the sink wants no more of any range.</summary>
    public bool IsStopped { get; private set; }

    public bool Accept(ReadOnlySpan<byte> key, RecordLocation location, ReadOnlySpan<byte> inline)
    {
        IsStopped = !Sink.Accept(range, key, location, inline);
        return false;
    }
}
