namespace Mortise.Files;

/// <summary>A directory of the store: the only way a component reaches the disk.</summary>
/// <remarks>
/// <para>Role: everything a component keeps lives below the directory it is handed. No path leaves it, so that a test
/// can hand out a simulated disk and a host can account for every file.</para>
/// <para>Names: 1 to 128 characters of <c>[a-z0-9._-]</c>, not starting with a dot. Anything else is an
/// <see cref="ArgumentException"/> before any effect.</para>
/// <para>Durability: creating, renaming and deleting change names only in memory until <see cref="Sync"/> returns. A
/// file's bytes are durable after <see cref="IStorageFile.Sync"/>, but reachable after a power cut only if its name
/// is.</para>
/// <para>Threads: all members from any thread.</para>
/// <para>Errors: <see cref="StorageException"/> with the directory's or file's name in the store.</para>
/// </remarks>
public interface IStorageDirectory
{
    /// <summary>Where this directory is below the store's root, with '/' between names; empty for the root.</summary>
    string Path { get; }

    /// <summary>What the device below offers.</summary>
    StorageDeviceTraits Traits { get; }

    /// <summary>Opens or creates a file.</summary>
    /// <param name="name">The file's name in this directory.</param>
    /// <param name="intent">How it is opened.</param>
    /// <returns>The open file; the caller disposes it.</returns>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.NotFound"/>,
    /// <see cref="StorageErrorCode.AlreadyExists"/>, <see cref="StorageErrorCode.Denied"/>,
    /// <see cref="StorageErrorCode.TooManyFiles"/>, <see cref="StorageErrorCode.NoSpace"/> or
    /// <see cref="StorageErrorCode.Io"/>.</exception>
    IStorageFile Open(string name, FileIntent intent);

    /// <summary>The directory of that name below this one, created when absent.</summary>
    IStorageDirectory OpenDirectory(string name);

    /// <summary>True when a file or directory of that name is there.</summary>
    bool Exists(string name);

    /// <summary>Renames a file within this directory, atomically replacing <paramref name="to"/> when it
    /// exists.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes a file. Open handles stay readable.</summary>
    void Delete(string name);

    /// <summary>Deletes a directory below this one with all it holds; nothing when it is absent.</summary>
    void DeleteDirectory(string name);

    /// <summary>Everything in this directory, in ordinal name order.</summary>
    IReadOnlyList<StorageEntry> List();

    /// <summary>Makes this directory's names durable.</summary>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.SyncFailed"/>: which names survive a power cut is
    /// unknown.</exception>
    void Sync();

    /// <summary>Takes an exclusive lock that ends with the process or with disposal.</summary>
    /// <returns>Null when another process or instance holds it.</returns>
    IDisposable? TryLock(string name);
}
