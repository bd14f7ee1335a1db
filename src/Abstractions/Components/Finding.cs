namespace Mortise.Components;

/// <summary>Something wrong that a check found.</summary>
/// <param name="Code">A stable short name: <c>page-checksum</c>, <c>key-order</c>.</param>
/// <param name="File">The file, relative to the component's directory; empty when none applies.</param>
/// <param name="Offset">Byte offset, or -1.</param>
/// <param name="Message">A lower-case fact with expected and found.</param>
public readonly record struct Finding(string Code, string File, long Offset, string Message);
