namespace Mortise.Files;

/// <summary>One name in a directory.</summary>
/// <param name="Name">The name in its directory.</param>
/// <param name="IsDirectory">True for a directory.</param>
/// <param name="LengthBytes">The file's length; 0 for a directory.</param>
public readonly record struct StorageEntry(string Name, bool IsDirectory, long LengthBytes);
