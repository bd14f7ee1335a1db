namespace Mortise.Files;

/// <summary>What a sync makes durable.</summary>
public enum SyncKind
{
    /// <summary>The bytes, and the length if it changed (fdatasync).</summary>
    Data = 1,

    /// <summary>The bytes and all metadata (fsync).</summary>
    Full = 2,
}
