using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>An index entry on its way to becoming a result.</summary>
/// <param name="Order">Where it stands among results, but for ids that begin alike.</param>
/// <param name="Location">Its record.</param>
/// <param name="InlineSlot">Which buffer of its stream holds the record itself; -1 for none.</param>
/// <param name="InlineLength">The record's length there.</param>
internal readonly record struct Entry(OrderKey Order, RecordLocation Location, int InlineSlot, int InlineLength)
{
    public Entry(OrderKey order, RecordLocation location)
        : this(order, location, -1, 0)
    {
    }

    /// <summary>True when it comes before another in the order of streams.</summary>
    public bool IsBefore(in Entry other)
    {
        int comparison = Order.CompareTo(other.Order);
        return comparison != 0 ? comparison < 0 : Location < other.Location;
    }
}
