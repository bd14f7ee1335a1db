using Mortise.Indexing;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Where a structure's entries have their locations.</summary>
internal readonly struct FamilyEntryFormat(LocationPlacement placement)
{
    private readonly bool _isInKey = placement == LocationPlacement.InKey;

    /// <summary>Takes an entry apart.</summary>
    /// <param name="key">The entry's key; becomes the projected one.</param>
    /// <param name="value">The entry's value; becomes the inline record, or nothing.</param>
    /// <exception cref="StorageException">It holds no location.</exception>
    public RecordLocation Split(ref ReadOnlySpan<byte> key, ref ReadOnlySpan<byte> value)
    {
        if (!_isInKey)
        {
            RecordLocation inValue = FamilyView.ReadLocation(value, key);
            value = value[FamilyView.LocationBytes..];
            return inValue;
        }

        int length = Math.Max(0, key.Length - FamilyView.LocationBytes);
        RecordLocation inKey = FamilyView.ReadLocation(key[length..], key);
        key = key[..length];
        return inKey;
    }
}
