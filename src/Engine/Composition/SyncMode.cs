namespace Mortise.Engine;

/// <summary>What an acknowledged write survives.</summary>
public enum SyncMode
{
    /// <summary>A power cut: the log is synced before the acknowledgement. Concurrent writes share one sync.</summary>
    Always = 1,

    /// <summary>The end of the process at once, a power cut after at most the batch interval or bytes.</summary>
    Batch = 2,

    /// <summary>The end of the process; after a power cut a prefix of what was acknowledged is there.</summary>
    Never = 3,
}
