namespace Mortise.Host.Configuration;

/// <summary>What kind of problem a stack or a manifest has. Append-only; numbers are stable.</summary>
public enum ProblemCode
{
    /// <summary>The text is not what the format allows.</summary>
    Syntax = 1,

    /// <summary>The text is too long or too deeply nested.</summary>
    TooLarge = 2,

    /// <summary>A feature of YAML that is refused: anchors, aliases, tags, several documents.</summary>
    NotAllowed = 3,

    /// <summary>A key stands twice in one mapping.</summary>
    DuplicateKey = 4,

    /// <summary>Nobody knows this key.</summary>
    UnknownKey = 5,

    /// <summary>A key that must be there is not.</summary>
    MissingKey = 6,

    /// <summary>A value is of the wrong type.</summary>
    WrongType = 7,

    /// <summary>A value is of the right type and not allowed.</summary>
    InvalidValue = 8,

    /// <summary>Not a semantic version, or not a range of them.</summary>
    BadVersion = 9,

    /// <summary>No plugin that was found has the component.</summary>
    UnknownComponent = 10,

    /// <summary>Plugins that have the component were found, none of a version that is asked for.</summary>
    NoMatchingVersion = 11,

    /// <summary>The component is of another kind than its place in the stack.</summary>
    WrongKind = 12,

    /// <summary>Two plugins claim one id, or one plugin is there twice with different content.</summary>
    Ambiguous = 13,

    /// <summary>The folder of a plugin is not what its manifest says.</summary>
    FolderMismatch = 14,

    /// <summary>The plugin was built for a contract that this host does not have.</summary>
    Incompatible = 15,

    /// <summary>The plugin was found and not loaded.</summary>
    LoadFailed = 16,

    /// <summary>A name in the stack refers to nothing.</summary>
    UnknownReference = 17,

    /// <summary>A file or folder cannot be read.</summary>
    Unreadable = 18,

    /// <summary>The plugin's files are not the ones that are trusted.</summary>
    NotTrusted = 19,

    /// <summary>A plugin's folder or package holds what leads out of it: a link, an absolute name, a name with
    /// '..'.</summary>
    UnsafePath = 20,

    /// <summary>Others than the operator can write where the plugin is.</summary>
    UnsafePermissions = 21,

    /// <summary>The plugin uses what the operator does not allow: native code, the network, threads,
    /// processes.</summary>
    PostureRefused = 22,

    /// <summary>An assembly that host and plugin must share is not in the host.</summary>
    SharedAssemblyUnavailable = 23,

    /// <summary>The plugin did not answer in time.</summary>
    TimedOut = 24,

    /// <summary>The process died the last time that the plugin ran.</summary>
    Quarantined = 25,

    /// <summary>The plugin needs another .NET, processor or framework than the host has.</summary>
    WrongPlatform = 26,

    /// <summary>A file is there twice, or not where the dependencies say.</summary>
    BadDependencies = 27,
}
