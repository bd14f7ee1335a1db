namespace Mortise.Reference;

/// <summary>Options of <see cref="SimpleLog"/>: none.</summary>
public sealed class SimpleLogOptions;
