namespace Mortise.Conformance;

/// <summary>A held lock of a simulated disk.</summary>
internal sealed class SimLock : IDisposable
{
    private readonly SimDisk _disk;
    private readonly SimDirectoryNode _directory;
    private readonly string _name;
    private bool _released;

    public SimLock(SimDisk disk, SimDirectoryNode directory, string name, string path)
    {
        _disk = disk;
        _directory = directory;
        _name = name;
        Path = path;
        disk.Locks.Add(this);
    }

    public string Path { get; }

    public void Dispose()
    {
        lock (_disk.Gate)
        {
            if (!_released)
            {
                _released = true;
                _directory.Locked.Remove(_name);
                _disk.Locks.Remove(this);
            }
        }
    }
}
