using System.Globalization;

namespace Mortise.Records;

/// <summary>Where a record is: 8 bytes whose inner layout belongs to the record store that chose it.</summary>
/// <remarks>
/// Numeric order is physical order within one store, so sorting locations sorts reads. Never reused for another record
/// while any index entry or reader can hold it. 0 (<see cref="None"/>) is never a location.
/// </remarks>
/// <param name="Value">The 8 bytes.</param>
public readonly record struct RecordLocation(ulong Value) : IComparable<RecordLocation>
{
    /// <summary>No record.</summary>
    public static RecordLocation None => default;

    /// <inheritdoc/>
    public int CompareTo(RecordLocation other) => Value.CompareTo(other.Value);

    /// <summary>The value in hexadecimal.</summary>
    public override string ToString() => Value.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>Physically before.</summary>
    public static bool operator <(RecordLocation a, RecordLocation b) => a.Value < b.Value;

    /// <summary>Physically after.</summary>
    public static bool operator >(RecordLocation a, RecordLocation b) => a.Value > b.Value;

    /// <summary>Physically before or the same.</summary>
    public static bool operator <=(RecordLocation a, RecordLocation b) => a.Value <= b.Value;

    /// <summary>Physically after or the same.</summary>
    public static bool operator >=(RecordLocation a, RecordLocation b) => a.Value >= b.Value;
}
