namespace Mortise.Files;

/// <summary>How a file is opened.</summary>
public enum FileIntent
{
    /// <summary>An existing file, for reading only.</summary>
    Read = 1,

    /// <summary>An existing file, for reading and writing.</summary>
    ReadWrite = 2,

    /// <summary>A new file, for reading and writing; it must not exist.</summary>
    CreateNew = 3,

    /// <summary>For reading and writing; created empty when absent, kept when present.</summary>
    OpenOrCreate = 4,
}
