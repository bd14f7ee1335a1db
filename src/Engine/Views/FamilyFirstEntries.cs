using Mortise.Indexing;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>As <see cref="FamilyEntries{TSink}"/>, for the first entries of several ranges.</summary>
internal struct FamilyFirstEntries<TSink>(TSink sink, LocationPlacement placement) : IFirstEntrySink
    where TSink : struct, IFamilyFirstSink
{
    public TSink Sink = sink;

    private readonly FamilyEntryFormat _format = new(placement);

    public bool Accept(int range, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        RecordLocation location = _format.Split(ref key, ref value);
        return Sink.Accept(range, key, location, value);
    }
}
