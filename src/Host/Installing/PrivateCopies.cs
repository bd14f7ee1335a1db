using System.Security.Cryptography;
using Mortise.Host.Files;
using Mortise.Host.Loading;

namespace Mortise.Host.Installing;

/// <summary>Copies of plugin folders that belong to the host alone, each named by the hash of its files.</summary>
/// <remarks>
/// <para>Code is loaded from such a copy and never from where it was installed. What was checked is what is loaded,
/// because the hash is taken of the copy; an installed folder may be replaced, overwritten or deleted while its code
/// runs; two generations of one plugin lie side by side.</para>
/// <para>A copy is leased while its code may run, in this process (<see cref="PrivateCopy"/>) or in another, and is
/// removed only without a lease.</para>
/// <para>Threads: all members from any thread; several processes may share a folder.</para>
/// </remarks>
public sealed class PrivateCopies
{
    /// <summary>The environment variable that names the folder of copies.</summary>
    public const string Variable = "MORTISE_PLUGIN_CACHE";

    private const string LeaseExtension = ".lease";
    private const string Unfinished = ".new-";
    private const int Attempts = 200;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _root;

    /// <summary>Uses a folder, which is made when absent.</summary>
    /// <param name="root">A folder that only this user can write.</param>
    /// <exception cref="IOException">It cannot be made, or belongs to others too.</exception>
    public PrivateCopies(string root)
    {
        ArgumentException.ThrowIfNullOrEmpty(root);
        _root = Path.GetFullPath(root);
        MakeFolder();
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        FileStatus status = FileStatus.Of(_root) ?? throw new IOException($"'{_root}' cannot be examined");
        if (status.Owner != Posix.EffectiveUser()
            || (status.Mode & (FileStatus.OthersWrite | FileStatus.GroupWrite)) != 0)
        {
            throw new IOException(
                $"'{_root}' holds the plugins that are run, and others can write it (mode {status.Permissions}, user "
                + $"{status.Owner}); set {Variable} to a folder of your own, or run: chmod 700 '{_root}'");
        }
    }

    /// <summary>Where copies are.</summary>
    public string Folder => _root;

    /// <summary>The folder that is used when nobody names one: <see cref="Variable"/>, or else
    /// <c>mortise/plugins</c> in the user's cache, or else one in the system's folder for temporary files.</summary>
    public static string DefaultFolder()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            return named;
        }

        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache))
        {
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            cache = home.Length == 0 ? null : Path.Combine(home, ".cache");
        }

        return cache is null || !CanWriteBelow(cache)
            ? Path.Combine(Path.GetTempPath(), $"mortise-plugins-{Environment.UserName}")
            : Path.Combine(cache, "mortise", "plugins");
    }

    /// <summary>Copies a folder unless the same files are there already, and leases the copy.</summary>
    /// <param name="source">A plugin's folder.</param>
    /// <returns>The copy; dispose it when no code of it runs any more.</returns>
    public PrivateCopy Take(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var pause = default(SpinWait);
        for (int attempt = 0; ; attempt++)
        {
            (string sha256, long bytes) = PluginFolder.Hash(source);
            string copy = Path.Combine(_root, sha256);
            if (TryLease(sha256) is { } lease)
            {
                if (Directory.Exists(copy) && PluginFolder.Hash(copy).Sha256 == sha256)
                {
                    Touch(sha256);
                    return new PrivateCopy(copy, sha256, bytes, lease);
                }

                lease.Dispose();
                if (!Directory.Exists(copy) || TryRemove(sha256))
                {
                    Make(source);
                }
            }

            if (attempt == Attempts)
            {
                throw new IOException($"'{source}' changes faster than it can be copied to '{_root}'");
            }

            pause.SpinOnce();
        }
    }

    /// <summary>Removes copies that nobody leases and nobody has used for some time.</summary>
    /// <param name="unusedFor">How long.</param>
    /// <param name="now">The time.</param>
    /// <returns>How many were removed.</returns>
    public int Collect(TimeSpan unusedFor, DateTimeOffset now)
    {
        int removed = 0;
        foreach (string copy in Directory.GetDirectories(_root))
        {
            string name = Path.GetFileName(copy);
            if (name.StartsWith(Unfinished, StringComparison.Ordinal))
            {
                // Left behind by a process that died; one that is being made is younger.
                if (now - Directory.GetCreationTimeUtc(copy) > TimeSpan.FromHours(1))
                {
                    Delete(copy);
                }

                continue;
            }

            if (now - File.GetLastWriteTimeUtc(LeasePath(name)) >= unusedFor && TryRemove(name))
            {
                removed++;
            }
        }

        return removed;
    }

    private void MakeFolder()
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(_root);
            }
            else
            {
                Directory.CreateDirectory(_root, OwnerOnly);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"plugins are run from copies, and '{_root}', where they should be, cannot be made ({e.Message}); set "
                + $"{Variable} to a folder that this user can write",
                e);
        }
    }

    private static bool CanWriteBelow(string folder)
    {
        for (string? at = Path.GetFullPath(folder); at is not null; at = Path.GetDirectoryName(at))
        {
            if (Directory.Exists(at))
            {
                return !FileStatus.IsKnown || Posix.Access(at, 2) == 0;
            }
        }

        return false;
    }

    /// <summary>Copies files and hashes the bytes that were written, not those that may be read later.</summary>
    private void Make(string source)
    {
        string unfinished = Path.Combine(_root, Unfinished + Guid.NewGuid().ToString("n"));
        Directory.CreateDirectory(unfinished);
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[128 << 10];
        foreach (string path in PluginFolder.Files(source))
        {
            string relative = Path.GetRelativePath(source, path);
            string to = Path.Combine(unfinished, relative);
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            using var one = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            using (FileStream from = File.OpenRead(path))
            using (FileStream target = File.Create(to))
            {
                for (int read; (read = from.Read(buffer)) > 0;)
                {
                    one.AppendData(buffer, 0, read);
                    target.Write(buffer, 0, read);
                }
            }

            Restrict(to, UnixFileMode.UserRead);
            all.AppendData(PluginFolder.NameOf(source, path));
            all.AppendData(one.GetHashAndReset());
        }

        string sha256 = Convert.ToHexStringLower(all.GetHashAndReset());
        try
        {
            Directory.Move(unfinished, Path.Combine(_root, sha256));
        }
        catch (IOException)
        {
            // Another thread or process made the same copy first; the caller looks at it.
            Delete(unfinished);
        }
    }

    private FileStream? TryLease(string sha256)
    {
        try
        {
            // Shared among all who use the copy; .NET keeps it with flock, so it ends with the process.
            return new FileStream(LeasePath(sha256), FileMode.OpenOrCreate, FileAccess.Read, FileShare.Read);
        }
        catch (IOException) when (File.Exists(LeasePath(sha256)))
        {
            return null;
        }
    }

    private void Touch(string sha256)
    {
        using FileStream lease = new(LeasePath(sha256), FileMode.Open, FileAccess.Read, FileShare.Read);
        File.SetLastWriteTimeUtc(lease.SafeFileHandle, TimeProvider.System.GetUtcNow().UtcDateTime);
    }

    private bool TryRemove(string sha256)
    {
        FileStream alone;
        try
        {
            alone = new FileStream(LeasePath(sha256), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return false;
        }

        // The lease's file stays: who has it open already must not come to lease one that is gone.
        using (alone)
        {
            string copy = Path.Combine(_root, sha256);
            if (Directory.Exists(copy))
            {
                Delete(copy);
            }

            return true;
        }
    }

    private static void Delete(string folder) => Directory.Delete(folder, recursive: true);

    private static void Restrict(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode);
        }
    }

    private string LeasePath(string sha256) => Path.Combine(_root, sha256 + LeaseExtension);
}

/// <summary>A leased copy of a plugin's folder.</summary>
public sealed class PrivateCopy : IDisposable
{
    private readonly FileStream _lease;

    internal PrivateCopy(string folder, string sha256, long bytes, FileStream lease)
    {
        Folder = folder;
        Sha256 = sha256;
        Bytes = bytes;
        _lease = lease;
    }

    /// <summary>The full path.</summary>
    public string Folder { get; }

    /// <summary>SHA-256 over names and contents of the copy's files, in lower-case hexadecimal.</summary>
    public string Sha256 { get; }

    /// <summary>Size of all files in bytes.</summary>
    public long Bytes { get; }

    /// <summary>Ends the lease; the copy may be removed from now on.</summary>
    public void Dispose() => _lease.Dispose();
}
