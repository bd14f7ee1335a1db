namespace Mortise;

/// <summary>What kind of thing went wrong, as a program must tell it apart. Append-only; numbers are stable.</summary>
public enum StorageErrorCode
{
    /// <summary>The thing asked for does not exist.</summary>
    NotFound = 1,

    /// <summary>A value is beyond a stated limit. Nothing was changed.</summary>
    LimitExceeded = 2,

    /// <summary>The component does not do this. Nothing was changed.</summary>
    Unsupported = 3,

    /// <summary>Another process or instance owns the directory.</summary>
    Locked = 4,

    /// <summary>The device or quota is full. What was stored is intact; space makes the operation possible
    /// again.</summary>
    NoSpace = 5,

    /// <summary>The device failed this operation.</summary>
    Io = 6,

    /// <summary>A sync failed: what was written since the last good sync may be lost, whatever reads show.</summary>
    SyncFailed = 7,

    /// <summary>An earlier failure closed this file or component for writing until it is reopened.</summary>
    Faulted = 8,

    /// <summary>Stored bytes contradict their checksum or their format.</summary>
    Corrupt = 9,

    /// <summary>The file was written by an older format than this code reads.</summary>
    FormatTooOld = 10,

    /// <summary>The file was written by a newer format than this code reads.</summary>
    FormatTooNew = 11,

    /// <summary>The file or directory was written by another plugin.</summary>
    UnknownWriter = 12,

    /// <summary>The file belongs to another store.</summary>
    ForeignFile = 13,

    /// <summary>The position asked for was discarded behind a checkpoint.</summary>
    Truncated = 14,

    /// <summary>Access was denied by the operating system.</summary>
    Denied = 15,

    /// <summary>The process is out of file handles.</summary>
    TooManyFiles = 16,

    /// <summary>A plugin broke its contract or threw something that is not a <see cref="StorageException"/>.</summary>
    PluginFault = 17,

    /// <summary>A file or directory with that name exists already.</summary>
    AlreadyExists = 18,

    /// <summary>A configuration value is not usable.</summary>
    InvalidConfiguration = 19,
}
