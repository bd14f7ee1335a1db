namespace Mortise.Engine;

/// <summary>Which segments are worth rewriting, and how gently.</summary>
public sealed class CompactionOptions
{
    /// <summary>A sealed segment is compacted when at least this part of its record bytes is deleted; above 0, at
    /// most 1.</summary>
    public double MinDeadFraction { get; init; } = 0.25;

    /// <summary>True to rewrite every sealed segment, also without a deleted record: so that all records take the form that
    /// the record store gives to new ones, such as compression.</summary>
    public bool IncludesAll { get; init; }

    /// <summary>Live bytes moved per second at most; 0 for no limit.</summary>
    public ByteSize BytesPerSecond { get; init; }

    /// <summary>Bytes of one move commit, about; small moves keep other writers' waits short.</summary>
    public ByteSize MoveBytes { get; init; } = ByteSize.KiB(16);

    /// <summary>True to report what would be done and do nothing.</summary>
    public bool IsDryRun { get; init; }
}
