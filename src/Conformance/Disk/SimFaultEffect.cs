namespace Mortise.Conformance;

/// <summary>What a planted fault does to the operation that it meets.</summary>
public enum SimFaultEffect
{
    /// <summary>Fails with <see cref="StorageErrorCode.Io"/>; nothing happened. Of a sync: as
    /// <see cref="SyncFailed"/>.</summary>
    Io = 1,

    /// <summary>Fails with <see cref="StorageErrorCode.NoSpace"/>; nothing happened.</summary>
    NoSpace = 2,

    /// <summary>Fails with <see cref="StorageErrorCode.Denied"/>; nothing happened.</summary>
    Denied = 3,

    /// <summary>Fails with <see cref="StorageErrorCode.TooManyFiles"/>; nothing happened.</summary>
    TooManyFiles = 4,

    /// <summary>Of a sync: fails, and what was dirty is marked clean. It stays readable and never becomes durable, as
    /// on ext4 and XFS (Rebello et al., USENIX ATC 2020).</summary>
    SyncFailed = 5,

    /// <summary>Of a sync: fails, and what was dirty is gone from reads too, as on Btrfs.</summary>
    SyncFailedReverted = 6,

    /// <summary>Of a write: a prefix is written, then it fails with <see cref="StorageErrorCode.Io"/>.</summary>
    ShortWrite = 7,

    /// <summary>Of a write: a prefix is written, then it fails with <see cref="StorageErrorCode.NoSpace"/>.</summary>
    ShortNoSpace = 8,

    /// <summary>Of a write: succeeds and reads back, but never reaches the device.</summary>
    LostWrite = 9,

    /// <summary>Of a write: succeeds, but the bytes land in another sector of the file.</summary>
    MisdirectedWrite = 10,

    /// <summary>Of a sync: succeeds, and nothing became durable.</summary>
    LyingSync = 11,

    /// <summary>Of a read or write: one bit of what is passed on is wrong.</summary>
    FlipBit = 12,
}
