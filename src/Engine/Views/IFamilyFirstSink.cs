using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Receives the first entries of several ranges of one family. Implemented by a struct, so that the call is
/// inlined per entry.</summary>
public interface IFamilyFirstSink
{
    /// <summary>Takes the first entry of a range.</summary>
    /// <param name="range">The range's place among those that were asked for.</param>
    /// <param name="key">The projected key, without location; dies when the call returns.</param>
    /// <param name="location">Where the record is.</param>
    /// <param name="inline">The record itself when the family keeps it in its entries; empty otherwise. Dies when the
    /// call returns.</param>
    /// <returns>False to stop.</returns>
    bool Accept(int range, ReadOnlySpan<byte> key, RecordLocation location, ReadOnlySpan<byte> inline);
}
