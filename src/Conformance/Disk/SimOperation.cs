using System.Globalization;

namespace Mortise.Conformance;

/// <summary>One operation in the log of a simulated disk.</summary>
/// <param name="Number">Its number among the mutations, from 1; 0 for operations that change nothing.</param>
/// <param name="Kind">What it was.</param>
/// <param name="Path">The file or directory, below the root.</param>
/// <param name="Offset">Byte offset; 0 where none applies.</param>
/// <param name="Length">Bytes, or the new length; 0 where none applies.</param>
public readonly record struct SimOperation(long Number, SimOperationKind Kind, string Path, long Offset, long Length)
{
    /// <summary>One line for a failure message.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"#{Number} {Kind} {Path} @{Offset}+{Length}");
}
