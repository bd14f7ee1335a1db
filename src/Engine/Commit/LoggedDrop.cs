using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>What a commit says of a range that it drops.</summary>
/// <param name="Range">The ordinals.</param>
/// <param name="Below">Records with such an ordinal whose location is below are in force no more;
/// <see cref="RecordLocation.None"/> when the commit deletes each of them itself.</param>
/// <param name="Records">How many there are, about.</param>
internal readonly record struct LoggedDrop(OrdinalRange Range, RecordLocation Below, long Records)
{
    /// <summary>True when records are left to be deleted by later commits.</summary>
    public bool LeavesRecords => Below != RecordLocation.None;
}
