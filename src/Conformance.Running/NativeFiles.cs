using System.Collections.Concurrent;
using Mortise.Files;
using Mortise.Host.Files;

namespace Mortise.Conformance.Running;

/// <summary>A directory of the operating system's in the place of a simulated one, for a component that opens files
/// itself.</summary>
/// <remarks>Each opening gets a copy of what the one before in its world left there, or else in the world that it comes
/// after: a check that ends a process in thought has not closed its files, and the copy is what another process would
/// find. A copy also lets several futures of one world begin alike. All copies go with this process.</remarks>
public sealed class NativeFiles : IStorageDirectory, INativeDirectory
{
    private static readonly Lazy<string> s_root = new(MakeRoot);
    private static readonly ConcurrentDictionary<(long World, string Path), string> s_latest = [];
    private static int s_count;

    private readonly PosixDirectory _real;

    private NativeFiles(string path, string fullPath)
    {
        Path = path;
        FullPath = fullPath;
        _real = PosixDirectory.OpenRoot(fullPath);
    }

    /// <summary>Gives the directory: see <see cref="ComponentSubject{T}.NativeFiles"/>.</summary>
    public static IStorageDirectory Of(SimWorld world, IStorageDirectory simulated)
    {
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(simulated);
        string full = System.IO.Path.Combine(s_root.Value, $"{Interlocked.Increment(ref s_count)}");
        Directory.CreateDirectory(full);
        if (s_latest.TryGetValue((world.Number, simulated.Path), out string? before)
            || s_latest.TryGetValue((world.Origin, simulated.Path), out before))
        {
            foreach (string file in Directory.EnumerateFiles(before))
            {
                File.Copy(file, System.IO.Path.Combine(full, System.IO.Path.GetFileName(file)));
            }
        }

        s_latest[(world.Number, simulated.Path)] = full;
        return new NativeFiles(simulated.Path, full);
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public string FullPath { get; }

    /// <inheritdoc/>
    public StorageDeviceTraits Traits => _real.Traits;

    /// <inheritdoc/>
    public IStorageFile Open(string name, FileIntent intent) => _real.Open(name, intent);

    /// <inheritdoc/>
    public IStorageDirectory OpenDirectory(string name) => _real.OpenDirectory(name);

    /// <inheritdoc/>
    public bool Exists(string name) => _real.Exists(name);

    /// <inheritdoc/>
    public void Rename(string from, string to) => _real.Rename(from, to);

    /// <inheritdoc/>
    public void Delete(string name) => _real.Delete(name);

    /// <inheritdoc/>
    public void DeleteDirectory(string name) => _real.DeleteDirectory(name);

    /// <inheritdoc/>
    public IReadOnlyList<StorageEntry> List() => _real.List();

    /// <inheritdoc/>
    public void Sync() => _real.Sync();

    /// <inheritdoc/>
    public IDisposable? TryLock(string name) => _real.TryLock(name);

    private static string MakeRoot()
    {
        string root = Directory.CreateTempSubdirectory("mortise-native-").FullName;

        // A worker is ended before it comes to this, and its temporary files are deleted by who ends it.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(root, recursive: true);
        return root;
    }
}
