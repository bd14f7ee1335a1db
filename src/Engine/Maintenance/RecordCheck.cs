using Mortise.Components;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>The domain's judgement of one stored record.</summary>
/// <param name="location">Where it is, for the message.</param>
/// <param name="record">Its bytes; die when the call returns.</param>
/// <returns>What is wrong with it, or null.</returns>
public delegate Finding? RecordCheck(RecordLocation location, ReadOnlySpan<byte> record);

/// <summary>What a <see cref="RecordCheck"/> said of all live records.</summary>
public sealed class ExaminedRecords
{
    /// <summary>Findings that are kept; all are counted.</summary>
    public const int MaxFindings = 100;

    /// <summary>Live records looked at.</summary>
    public required long Checked { get; init; }

    /// <summary>Records with something wrong.</summary>
    public required long Problems { get; init; }

    /// <summary>The first of them.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }
}
