using System.Buffers;
using System.IO.Enumeration;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Mortise.Files;

namespace Mortise.Host.Files;

/// <summary>A directory of a store on Linux or macOS.</summary>
/// <remarks>
/// <para>Files are opened without following symbolic links; a directory may be a link, so that a log can live on a disk
/// of its own. Names that the contract does not allow are not listed: they are somebody else's.</para>
/// <para>The first failed sync of a directory poisons it: later syncs throw <see cref="StorageErrorCode.Faulted"/>
/// until the store is reopened.</para>
/// </remarks>
public sealed class PosixDirectory : IStorageDirectory, INativeDirectory
{
    private const int DirectoryMode = 0b111_101_000;
    private const int FileMode = 0b110_100_000;
    private const int LongestName = 128;

    private static readonly StorageDeviceTraits s_traits = new()
    {
        // What every disk promises; what more a device promises cannot be asked portably.
        AtomicWriteBytes = 512,
        CanMap = true,
        CanPunchHoles = !OperatingSystem.IsMacOS(),
    };

    private static readonly SearchValues<char> s_nameCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-");

    private readonly string _full;
    private readonly OpenFiles _register;

    private PosixDirectory(string full, string path, OpenFiles register)
    {
        _full = full;
        _register = register;
        Path = path;
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public string FullPath => _full;

    /// <inheritdoc/>
    public StorageDeviceTraits Traits => s_traits;

    /// <summary>Opens the root of a store, creating the directory and its parents when absent. Created names are
    /// durable when it returns.</summary>
    /// <param name="path">Any path of the file system.</param>
    /// <exception cref="PlatformNotSupportedException">Neither Linux nor macOS.</exception>
    /// <exception cref="StorageException">The directory cannot be made, or is a file.</exception>
    public static PosixDirectory OpenRoot(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
        {
            throw new PlatformNotSupportedException(
                "Mortise keeps stores on Linux and macOS; on Windows run it in WSL or a container");
        }

        string full = System.IO.Path.GetFullPath(path);
        MakeWithParents(full);
        return new PosixDirectory(full, "", new OpenFiles());
    }

    /// <inheritdoc/>
    public IStorageFile Open(string name, FileIntent intent)
    {
        string path = PathOf(name);
        int flags = intent switch
        {
            FileIntent.Read => Posix.ReadOnly,
            FileIntent.ReadWrite => Posix.ReadWrite,
            FileIntent.CreateNew => Posix.ReadWrite | Posix.Create | Posix.Exclusive,
            FileIntent.OpenOrCreate => Posix.ReadWrite | Posix.Create,
            _ => throw new ArgumentOutOfRangeException(nameof(intent), intent, "not an intent"),
        };
        SafeFileHandle handle = OpenHandle(FullOf(name), path, flags | Posix.NoFollow);

        // Opened before it is registered, so that a failed open leaves nothing behind.
        return new PosixFile(handle, path, _register.Acquire(path), _register);
    }

    /// <inheritdoc/>
    public IStorageDirectory OpenDirectory(string name)
    {
        string path = PathOf(name);
        string full = FullOf(name);
        if (Retry(() => Posix.MakeDirectory(full, DirectoryMode)) is var errno and not 0 and not Posix.EEXIST)
        {
            throw PosixError.Of("create the directory", path, errno);
        }

        using SafeFileHandle probe = OpenHandle(full, path, Posix.ReadOnly | Posix.Directory);
        return new PosixDirectory(full, path, _register);
    }

    /// <summary>The paths of files in this directory, and below it, that this process has open through the same
    /// root.</summary>
    internal IReadOnlyList<string> OpenFilesBelow() => _register.Below(Path);

    /// <inheritdoc/>
    public bool Exists(string name)
    {
        string path = PathOf(name);
        string full = FullOf(name);
        return Retry(() => Posix.Access(full, 0)) switch
        {
            0 => true,
            Posix.ENOENT or Posix.ENOTDIR => false,
            int errno => throw PosixError.Of("look up", path, errno),
        };
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        string path = PathOf(from);
        string target = PathOf(to);
        if (Retry(() => Posix.Rename(FullOf(from), FullOf(to))) is var errno and not 0)
        {
            throw PosixError.Of($"rename to {target}", path, errno);
        }

        if (!string.Equals(from, to, StringComparison.Ordinal))
        {
            _register.Renamed(path, target);
        }
    }

    /// <inheritdoc/>
    public void Delete(string name)
    {
        string path = PathOf(name);
        if (Retry(() => Posix.Unlink(FullOf(name))) is var errno and not 0)
        {
            throw PosixError.Of("delete", path, errno);
        }

        _register.Deleted(path);
    }

    /// <inheritdoc/>
    public void DeleteDirectory(string name)
    {
        string path = PathOf(name);
        string full = FullOf(name);
        try
        {
            if (Directory.Exists(full))
            {
                Directory.Delete(full, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw PosixError.Of("delete the directory", path, e);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<StorageEntry> List()
    {
        var entries = new List<StorageEntry>();
        try
        {
            var all = new FileSystemEnumerable<StorageEntry>(
                _full,
                static (ref FileSystemEntry e) =>
                    new StorageEntry(e.FileName.ToString(), e.IsDirectory, e.IsDirectory ? 0 : e.Length),
                new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false })
            {
                ShouldIncludePredicate = static (ref FileSystemEntry e) => IsName(e.FileName),
            };
            entries.AddRange(all);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw PosixError.Of("list", Path, e);
        }

        entries.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return entries;
    }

    /// <inheritdoc/>
    public void Sync()
    {
        using SafeFileHandle handle = OpenHandle(_full, Path, Posix.ReadOnly | Posix.Directory);
        OpenFile self = _register.Acquire(Path + "/");
        if (self.Poison is { } cause)
        {
            _register.Release(self);
            throw new StorageException(
                StorageErrorCode.Faulted,
                "an earlier sync of this directory failed",
                Path,
                advice: "reopen the store to recover",
                inner: cause);
        }

        if (Retry(() => Posix.Sync(handle, metadata: true)) is var errno and not 0)
        {
            // Not released: the poison stays as long as the store is open.
            StorageException failure = PosixError.OfSync(Path, errno);
            self.SetPoison(failure);
            throw failure;
        }

        _register.Release(self);
    }

    /// <inheritdoc/>
    public IDisposable? TryLock(string name)
    {
        string path = PathOf(name);
        SafeFileHandle handle = OpenHandle(
            FullOf(name), path, Posix.ReadWrite | Posix.Create | Posix.NoFollow);
        int errno = Retry(() => Posix.Lock(handle, Posix.LockExclusiveNoWait));
        if (errno == 0)
        {
            return new PosixLock(handle, path);
        }

        handle.Dispose();
        return errno == Posix.EAGAIN ? null : throw PosixError.Of("lock", path, errno);
    }

    /// <summary>True for what the contract allows as a name.</summary>
    internal static bool IsName(ReadOnlySpan<char> name) =>
        name.Length is >= 1 and <= LongestName
        && name[0] != '.'
        && !name.ContainsAnyExcept(s_nameCharacters);

    /// <summary>Opens a path of the system; for tests of what devices answer.</summary>
    internal static PosixFile OpenDevice(string full)
    {
        var register = new OpenFiles();
        return new PosixFile(OpenHandle(full, full, Posix.ReadWrite), full, register.Acquire(full), register);
    }

    private static SafeFileHandle OpenHandle(string full, string path, int flags)
    {
        int descriptor = -1;
        int errno = Retry(() => descriptor = Posix.Open(full, flags | Posix.CloseOnExec, FileMode));
        return errno == 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw PosixError.Of("open", path, errno);
    }

    /// <summary>Calls until it is not interrupted.</summary>
    /// <returns>0, or errno when the call answered below zero.</returns>
    private static int Retry(Func<int> call)
    {
        while (true)
        {
            if (call() >= 0)
            {
                return 0;
            }

            int errno = PosixError.Last;
            if (errno != Posix.EINTR)
            {
                return errno;
            }
        }
    }

    private static void MakeWithParents(string full)
    {
        if (Retry(() => Posix.MakeDirectory(full, DirectoryMode)) is var errno and not 0)
        {
            string? parent = System.IO.Path.GetDirectoryName(full);
            switch (errno)
            {
                case Posix.EEXIST when Directory.Exists(full):
                    return;
                case Posix.ENOENT when parent is not null:
                    MakeWithParents(parent);
                    int again = Retry(() => Posix.MakeDirectory(full, DirectoryMode));
                    if (again is not 0 and not Posix.EEXIST)
                    {
                        throw PosixError.Of("create the directory", full, again);
                    }

                    break;
                default:
                    throw PosixError.Of("create the directory", full, errno);
            }
        }

        string above = System.IO.Path.GetDirectoryName(full)!;
        using SafeFileHandle handle = OpenHandle(above, above, Posix.ReadOnly | Posix.Directory);
        if (Retry(() => Posix.Sync(handle, metadata: true)) is var failed and not 0)
        {
            throw PosixError.OfSync(above, failed);
        }
    }

    private string PathOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!IsName(name))
        {
            throw new ArgumentException(
                $"'{name}' is not a name for a file: 1 to {LongestName} of a-z, 0-9, '.', '_', '-', "
                + "not starting with '.'",
                nameof(name));
        }

        return Path.Length == 0 ? name : $"{Path}/{name}";
    }

    private string FullOf(string name) => System.IO.Path.Join(_full, name);

    /// <summary>Holds a lock until disposal or the end of the process. The file names the holder, for people.</summary>
    private sealed class PosixLock : IDisposable
    {
        private readonly SafeFileHandle _handle;

        public PosixLock(SafeFileHandle handle, string path)
        {
            _handle = handle;
            var register = new OpenFiles();
            var file = new PosixFile(handle, path, register.Acquire(path), register);
            try
            {
                file.SetLength(0);
                file.Write(Encoding.ASCII.GetBytes($"{Environment.ProcessId}\n"), 0);
            }
            catch (StorageException)
            {
                handle.Dispose();
                throw;
            }
        }

        public void Dispose() => _handle.Dispose();
    }
}
