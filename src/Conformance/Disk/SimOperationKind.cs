namespace Mortise.Conformance;

/// <summary>What a component asked of the simulated disk.</summary>
[Flags]
public enum SimOperationKind
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A read from a file.</summary>
    Read = 1,

    /// <summary>A mapping of a file.</summary>
    Map = 2,

    /// <summary>Opening a file that exists.</summary>
    Open = 4,

    /// <summary>Creating a file, a directory or a lock file.</summary>
    Create = 8,

    /// <summary>A write to a file.</summary>
    Write = 16,

    /// <summary>A change of a file's length.</summary>
    SetLength = 32,

    /// <summary>A hole punched into a file.</summary>
    PunchHole = 64,

    /// <summary>A sync of a file.</summary>
    Sync = 128,

    /// <summary>A sync of a directory.</summary>
    SyncDirectory = 256,

    /// <summary>A rename of a file.</summary>
    Rename = 512,

    /// <summary>A deletion of a file or directory.</summary>
    Delete = 1024,

    /// <summary>A listing of a directory.</summary>
    List = 2048,

    /// <summary>Everything that changes what a power cut leaves; counted by <see cref="SimDisk.Operations"/>.</summary>
    Mutations = Create | Write | SetLength | PunchHole | Sync | SyncDirectory | Rename | Delete,

    /// <summary>Everything.</summary>
    All = Mutations | Read | Map | Open | List,
}
