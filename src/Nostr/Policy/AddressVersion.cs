using Mortise.Engine;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>One version of an address: newer ones first, of one second the lowest id, expired ones last.</summary>
internal readonly struct AddressVersion : IComparable<AddressVersion>
{
    private readonly long _createdAt;
    private readonly Id32 _id;

    public AddressVersion(in EventView version, bool isExpired)
    {
        _createdAt = version.CreatedAt;
        _id = Id32.Read(version.Id);
        IsExpired = isExpired;
    }

    /// <summary>True when it may not be served any more, and stands in nobody's way.</summary>
    public bool IsExpired { get; }

    /// <summary>Where it is stored, unless it is pending.</summary>
    public RecordLocation Location { get; init; }

    /// <summary>The record, when the group in hand puts it.</summary>
    public PendingRecord? Pending { get; init; }

    public int CompareTo(AddressVersion other)
    {
        int comparison = IsExpired.CompareTo(other.IsExpired);
        comparison = comparison != 0 ? comparison : other._createdAt.CompareTo(_createdAt);
        return comparison != 0 ? comparison : _id.CompareTo(other._id);
    }
}
