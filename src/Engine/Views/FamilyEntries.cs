using Mortise.Indexing;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Tells keys, locations and inline records of a structure's entries apart.</summary>
internal struct FamilyEntries<TSink>(TSink sink, LocationPlacement placement) : IEntrySink
    where TSink : struct, IFamilySink
{
    public TSink Sink = sink;

    private readonly bool _isInKey = placement == LocationPlacement.InKey;

    public bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (!_isInKey)
        {
            RecordLocation inValue = FamilyView.ReadLocation(value, key);
            return Sink.Accept(key, inValue, value[FamilyView.LocationBytes..]);
        }

        int length = Math.Max(0, key.Length - FamilyView.LocationBytes);
        RecordLocation location = FamilyView.ReadLocation(key[length..], key);
        return Sink.Accept(key[..length], location, value);
    }
}
