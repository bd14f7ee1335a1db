using Mortise.Indexing;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Tells keys, locations and inline records of a structure's entries apart.</summary>
internal struct FamilyEntries<TSink>(TSink sink, LocationPlacement placement, DroppedRecords? dropped) : IEntrySink
    where TSink : struct, IFamilySink
{
    public TSink Sink = sink;

    private readonly FamilyEntryFormat _format = new(placement);

    public bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        RecordLocation location = _format.Split(ref key, ref value);
        return dropped?.Hides(location, value) == true || Sink.Accept(key, location, value);
    }
}
