namespace Mortise.Indexing;

/// <summary>Where an entry keeps the location of its record.</summary>
public enum LocationPlacement
{
    /// <summary>The projected key is unique: the entry is (key, location). The value is 8 bytes big-endian, then the
    /// inline payload if there is one.</summary>
    InValue = 1,

    /// <summary>Several records may project to one key: the entry is (key and location, nothing). The last 8 bytes of
    /// the key are the location, big-endian; the value is the inline payload if there is one.</summary>
    InKey = 2,
}
