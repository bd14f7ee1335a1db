namespace Mortise.Conformance;

/// <summary>Which unsynced changes a simulated power cut leaves. All of them are what real devices and file systems
/// do.</summary>
/// <remarks>A rename is atomic in every model. A change of names whose own premise did not survive (the file it renames
/// was never there) does not survive either. Bytes that a failed sync marked clean survive in none.</remarks>
public enum CrashModel
{
    /// <summary>Only what was synced.</summary>
    SyncedOnly = 1,

    /// <summary>Everything, as if the cache had just been written back.</summary>
    KeepAll = 2,

    /// <summary>A prefix in time of all unsynced changes of the disk, names included: a journal in order.</summary>
    Prefix = 3,

    /// <summary>As <see cref="Prefix"/>, with the last surviving write torn at a 512-byte sector.</summary>
    TornLast = 4,

    /// <summary>Each unsynced change survives or not, independently.</summary>
    RandomSubset = 5,

    /// <summary>Each 512-byte sector takes its own prefix in time of the writes to it; lengths and names
    /// likewise.</summary>
    Reordered = 6,

    /// <summary>All but one unsynced change.</summary>
    DropOne = 7,

    /// <summary>One unsynced change and no other.</summary>
    OnlyOne = 8,

    /// <summary>All bytes, none of the unsynced names.</summary>
    NamesLost = 9,

    /// <summary>All names, none of the unsynced bytes: new files are there and empty.</summary>
    BytesLost = 10,

    /// <summary>All names and lengths; where a file grew, the unsynced bytes are garbage.</summary>
    GarbageTail = 11,
}
