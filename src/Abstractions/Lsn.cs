namespace Mortise;

/// <summary>A log sequence number: the place of one commit in the store's total order.</summary>
/// <remarks>
/// Dense: the commit after <c>n</c> is <c>n + 1</c>, so a gap in a log is damage, not chance. Strictly increasing and
/// never reused, across restarts, truncation and crashes. <see cref="None"/> (0) means "nothing applied yet".
/// </remarks>
/// <param name="Value">The number; 0 is <see cref="None"/>.</param>
public readonly record struct Lsn(ulong Value) : IComparable<Lsn>
{
    /// <summary>Before the first commit.</summary>
    public static Lsn None => default;

    /// <summary>The LSN of the commit after this one.</summary>
    public Lsn Next => new(checked(Value + 1));

    /// <inheritdoc/>
    public int CompareTo(Lsn other) => Value.CompareTo(other.Value);

    /// <summary>The number in decimal.</summary>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The smaller of two.</summary>
    public static Lsn Min(Lsn a, Lsn b) => a.Value <= b.Value ? a : b;

    /// <summary>The larger of two.</summary>
    public static Lsn Max(Lsn a, Lsn b) => a.Value >= b.Value ? a : b;

    /// <summary>Earlier in the log.</summary>
    public static bool operator <(Lsn a, Lsn b) => a.Value < b.Value;

    /// <summary>Later in the log.</summary>
    public static bool operator >(Lsn a, Lsn b) => a.Value > b.Value;

    /// <summary>Earlier or the same.</summary>
    public static bool operator <=(Lsn a, Lsn b) => a.Value <= b.Value;

    /// <summary>Later or the same.</summary>
    public static bool operator >=(Lsn a, Lsn b) => a.Value >= b.Value;
}
