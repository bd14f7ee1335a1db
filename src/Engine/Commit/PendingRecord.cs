namespace Mortise.Engine;

/// <summary>A record that the current group puts; it has no location yet.</summary>
/// <param name="Index">Its number within the group.</param>
public readonly record struct PendingRecord(int Index);
