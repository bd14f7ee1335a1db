namespace Mortise.Host.Files;

/// <summary>What all handles of one open file share: whether a sync has failed.</summary>
internal sealed class OpenFile
{
    private volatile Exception? _poison;

    /// <summary>The failed sync, or null.</summary>
    public Exception? Poison => _poison;

    /// <summary>Handles that are open; guarded by the register.</summary>
    public int Handles { get; set; }

    public void SetPoison(Exception cause) => Interlocked.CompareExchange(ref _poison, cause, null);
}

/// <summary>The files of one store that are open in this process, by path, so that a failed sync through one handle
/// poisons all handles of that file.</summary>
internal sealed class OpenFiles
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, OpenFile> _files = new(StringComparer.Ordinal);

    public OpenFile Acquire(string path)
    {
        lock (_gate)
        {
            if (!_files.TryGetValue(path, out OpenFile? file))
            {
                file = new OpenFile();
                _files.Add(path, file);
            }

            file.Handles++;
            return file;
        }
    }

    /// <summary>The paths of open files below a directory, in order.</summary>
    public IReadOnlyList<string> Below(string directory)
    {
        lock (_gate)
        {
            string prefix = directory.Length == 0 ? "" : directory + '/';
            return
            [
                .. _files.Keys.Where(p => p.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal),
            ];
        }
    }

    public void Release(OpenFile file)
    {
        lock (_gate)
        {
            if (--file.Handles > 0)
            {
                return;
            }

            // Files keep their state across renames, so the state is found by itself and not by the name it began with.
            foreach ((string path, OpenFile candidate) in _files)
            {
                if (ReferenceEquals(candidate, file))
                {
                    _files.Remove(path);
                    return;
                }
            }
        }
    }

    /// <summary>A file has another name now; what had that name is unlinked, and lives on in its handles
    /// only.</summary>
    public void Renamed(string from, string to)
    {
        lock (_gate)
        {
            _files.Remove(to);
            if (_files.Remove(from, out OpenFile? file))
            {
                _files.Add(to, file);
            }
        }
    }

    public void Deleted(string path)
    {
        lock (_gate)
        {
            _files.Remove(path);
        }
    }
}
