namespace Mortise.Reference;

/// <summary>Options of <see cref="MemoryIndex"/>: none.</summary>
public sealed class MemoryIndexOptions;
