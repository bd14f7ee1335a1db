using Mortise.Files;

namespace Mortise.Engine;

/// <summary>A directory that reads through to another and keeps every change in memory.</summary>
/// <remarks>
/// <para>Role: lets a check open a store as it is, replay included, without touching a byte of it and without its lock.
/// What is written here is gone with this object.</para>
/// <para>Threads: as the contract asks. Memory grows with what is written: a recovery's worth.</para>
/// </remarks>
public class OverlayDirectory : IStorageDirectory
{
    private readonly Lock _gate = new();
    private readonly IStorageDirectory? _below;
    private readonly IScratch? _scratch;
    private readonly Dictionary<string, OverlayFile.Content> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OverlayDirectory> _directories = new(StringComparer.Ordinal);
    private readonly HashSet<string> _deleted = new(StringComparer.Ordinal);

    /// <summary>Makes an overlay.</summary>
    /// <param name="below">The directory to read through to.</param>
    /// <param name="scratch">Where components that open files by path find copies of them; null when there should be
    /// none of those.</param>
    public OverlayDirectory(IStorageDirectory below, IScratch? scratch = null)
        : this(below, (below ?? throw new ArgumentNullException(nameof(below))).Path, below.Traits, scratch)
    {
    }

    private OverlayDirectory(IStorageDirectory? below, string path, StorageDeviceTraits traits, IScratch? scratch)
    {
        _below = below;
        _scratch = scratch;
        Path = path;
        Traits = new StorageDeviceTraits
        {
            AtomicWriteBytes = traits.AtomicWriteBytes,
            CanMap = false,
            CanPunchHoles = false,
        };
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public StorageDeviceTraits Traits { get; }

    /// <inheritdoc/>
    public IStorageFile Open(string name, FileIntent intent)
    {
        lock (_gate)
        {
            bool exists = ExistsLocked(name);
            if (exists && intent == FileIntent.CreateNew)
            {
                throw new StorageException(StorageErrorCode.AlreadyExists, "the file exists", PathOf(name));
            }

            if (!exists && (intent is FileIntent.Read or FileIntent.ReadWrite))
            {
                throw new StorageException(StorageErrorCode.NotFound, "no such file", PathOf(name));
            }

            if (!_files.TryGetValue(name, out OverlayFile.Content? content))
            {
                IStorageFile? original = exists ? _below!.Open(name, FileIntent.Read) : null;
                content = new OverlayFile.Content(original);
                _files.Add(name, content);
                _deleted.Remove(name);
            }

            return new OverlayFile(PathOf(name), content);
        }
    }

    /// <inheritdoc/>
    public IStorageDirectory OpenDirectory(string name)
    {
        lock (_gate)
        {
            if (!_directories.TryGetValue(name, out OverlayDirectory? directory))
            {
                bool isBelow = _below is not null && !_deleted.Contains(name) && _below.Exists(name);
                IStorageDirectory? below = isBelow ? _below!.OpenDirectory(name) : null;
                directory = _scratch is not null && below is INativeDirectory native
                    ? new OverNative(below, native, PathOf(name), Traits, _scratch)
                    : new OverlayDirectory(below, PathOf(name), Traits, _scratch);
                _directories.Add(name, directory);
            }

            return directory;
        }
    }

    /// <inheritdoc/>
    public bool Exists(string name)
    {
        lock (_gate)
        {
            return ExistsLocked(name);
        }
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        lock (_gate)
        {
            if (!ExistsLocked(from))
            {
                throw new StorageException(StorageErrorCode.NotFound, "no such file", PathOf(from));
            }

            if (!_files.Remove(from, out OverlayFile.Content? content))
            {
                content = new OverlayFile.Content(_below!.Open(from, FileIntent.Read));
            }

            _files[to] = content;
            _deleted.Remove(to);
            _deleted.Add(from);
        }
    }

    /// <inheritdoc/>
    public void Delete(string name)
    {
        lock (_gate)
        {
            if (!ExistsLocked(name))
            {
                throw new StorageException(StorageErrorCode.NotFound, "no such file", PathOf(name));
            }

            _files.Remove(name);
            _deleted.Add(name);
        }
    }

    /// <inheritdoc/>
    public void DeleteDirectory(string name)
    {
        lock (_gate)
        {
            _directories.Remove(name);
            _deleted.Add(name);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<StorageEntry> List()
    {
        lock (_gate)
        {
            var entries = new SortedDictionary<string, StorageEntry>(StringComparer.Ordinal);
            foreach (StorageEntry entry in _below?.List() ?? [])
            {
                if (!_deleted.Contains(entry.Name))
                {
                    entries[entry.Name] = entry;
                }
            }

            foreach ((string name, OverlayFile.Content content) in _files)
            {
                entries[name] = new StorageEntry(name, IsDirectory: false, content.Length);
            }

            foreach (string name in _directories.Keys)
            {
                entries[name] = new StorageEntry(name, IsDirectory: true, 0);
            }

            return [.. entries.Values];
        }
    }

    /// <inheritdoc/>
    public void Sync()
    {
        // Nothing here outlives the process, so there is nothing to make durable.
    }

    /// <inheritdoc/>
    public IDisposable? TryLock(string name) => new NoLock();

    private bool ExistsLocked(string name) =>
        _files.ContainsKey(name)
        || _directories.ContainsKey(name)
        || (_below is not null && !_deleted.Contains(name) && _below.Exists(name));

    private string PathOf(string name) => Path.Length == 0 ? name : $"{Path}/{name}";

    private sealed class NoLock : IDisposable
    {
        public void Dispose()
        {
            // The overlay is private to one check.
        }
    }

    /// <summary>An overlay of a directory that can also be opened by path: the path is a copy's, made when it is asked
    /// for.</summary>
    private sealed class OverNative(
        IStorageDirectory below, INativeDirectory native, string path, StorageDeviceTraits traits, IScratch scratch)
        : OverlayDirectory(below, path, traits, scratch), INativeDirectory
    {
        private readonly Lazy<string> _copy = new(() => scratch.CopyOf(native));

        public string FullPath => _copy.Value;
    }
}
