namespace Mortise.Partitioning;

/// <summary>How much time one partition covers, in the proleptic Gregorian calendar and UTC.</summary>
public enum TimeInterval
{
    /// <summary>A calendar year.</summary>
    Yearly = 1,

    /// <summary>A calendar month.</summary>
    Monthly = 2,

    /// <summary>An ISO 8601 week: Monday to Sunday.</summary>
    Weekly = 3,

    /// <summary>A day.</summary>
    Daily = 4,
}
