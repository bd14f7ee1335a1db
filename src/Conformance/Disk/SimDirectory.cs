using Mortise.Files;

namespace Mortise.Conformance;

/// <summary>A directory of a simulated disk.</summary>
internal sealed class SimDirectory(SimDisk disk, SimDirectoryNode node, string path, StorageDeviceTraits traits)
    : IStorageDirectory
{
    private const int MaxNameLength = 128;

    public string Path { get; } = path;

    public StorageDeviceTraits Traits { get; } = traits;

    public IStorageFile Open(string name, FileIntent intent)
    {
        CheckName(name);
        if (!Enum.IsDefined(intent))
        {
            throw new ArgumentOutOfRangeException(nameof(intent), intent, "not an intent");
        }

        lock (disk.Gate)
        {
            ThrowIfGone();
            node.Entries.TryGetValue(name, out object? there);
            if (there is SimDirectoryNode)
            {
                throw SimDisk.Failure(StorageErrorCode.AlreadyExists, "this is a directory", PathOf(name), -1);
            }

            bool writable = intent != FileIntent.Read;
            if (there is SimInode inode)
            {
                if (intent == FileIntent.CreateNew)
                {
                    throw SimDisk.Failure(StorageErrorCode.AlreadyExists, "the file exists already", PathOf(name), -1);
                }

                disk.Begin(SimOperationKind.Open, PathOf(name), 0, 0);
                return new SimFile(disk, inode, PathOf(name), writable);
            }

            if (intent is FileIntent.Read or FileIntent.ReadWrite)
            {
                disk.Begin(SimOperationKind.Open, PathOf(name), 0, 0);
                throw SimDisk.Failure(StorageErrorCode.NotFound, "there is no such file", PathOf(name), -1);
            }

            return new SimFile(disk, Create(name, new SimInode()), PathOf(name), writable);
        }
    }

    public IStorageDirectory OpenDirectory(string name)
    {
        CheckName(name);
        lock (disk.Gate)
        {
            ThrowIfGone();
            if (node.Entries.TryGetValue(name, out object? there) && there is SimInode)
            {
                throw SimDisk.Failure(StorageErrorCode.NotFound, "this is a file", PathOf(name), -1);
            }

            SimDirectoryNode child = there as SimDirectoryNode ?? Create(name, new SimDirectoryNode());
            return new SimDirectory(disk, child, PathOf(name), Traits);
        }
    }

    public bool Exists(string name)
    {
        CheckName(name);
        lock (disk.Gate)
        {
            ThrowIfGone();
            disk.Begin(SimOperationKind.List, Path, 0, 0);
            return node.Entries.ContainsKey(name);
        }
    }

    public void Rename(string from, string to)
    {
        CheckName(from);
        CheckName(to);
        lock (disk.Gate)
        {
            ThrowIfGone();
            SimInode file = FileNamed(from);
            if (node.Entries.TryGetValue(to, out object? replaced) && replaced is SimDirectoryNode)
            {
                throw SimDisk.Failure(StorageErrorCode.AlreadyExists, "a directory has that name", PathOf(to), -1);
            }

            SimTurn turn = disk.Begin(SimOperationKind.Rename, PathOf(from), 0, 0);
            if (!ReferenceEquals(file, replaced))
            {
                node.Change(new SimNameChange(disk.NextSequence(), file, from, to));
            }

            turn.ThrowIfCut();
        }
    }

    public void Delete(string name)
    {
        CheckName(name);
        lock (disk.Gate)
        {
            ThrowIfGone();
            SimInode file = FileNamed(name);
            SimTurn turn = disk.Begin(SimOperationKind.Delete, PathOf(name), 0, 0);
            node.Change(new SimNameChange(disk.NextSequence(), file, name, null));
            turn.ThrowIfCut();
        }
    }

    public void DeleteDirectory(string name)
    {
        CheckName(name);
        lock (disk.Gate)
        {
            ThrowIfGone();
            if (!node.Entries.TryGetValue(name, out object? there) || there is not SimDirectoryNode child)
            {
                return;
            }

            SimTurn turn = disk.Begin(SimOperationKind.Delete, PathOf(name), 0, 0);
            node.Change(new SimNameChange(disk.NextSequence(), child, name, null));
            MarkGone(child);
            turn.ThrowIfCut();
        }
    }

    public IReadOnlyList<StorageEntry> List()
    {
        lock (disk.Gate)
        {
            ThrowIfGone();
            disk.Begin(SimOperationKind.List, Path, 0, 0);
            List<StorageEntry> entries = new(node.Entries.Count);
            foreach ((string name, object entry) in node.Entries)
            {
                entries.Add(entry is SimInode file
                    ? new StorageEntry(name, IsDirectory: false, file.Cached.Length)
                    : new StorageEntry(name, IsDirectory: true, 0));
            }

            return entries;
        }
    }

    public void Sync()
    {
        lock (disk.Gate)
        {
            ThrowIfGone();
            SimTurn turn = disk.Begin(SimOperationKind.SyncDirectory, Path, 0, 0);
            turn.ThrowIfCut();
            switch (turn.Effect)
            {
                case SimFaultEffect.LyingSync:
                    return;
                case SimFaultEffect.SyncFailed or SimFaultEffect.SyncFailedReverted:
                    // The names stay visible and never become durable, so that a retry can be told from the truth.
                    node.Pending.Clear();
                    throw SimDisk.Failure(
                        StorageErrorCode.SyncFailed, "the device failed a sync (simulated)", Path, -1);
                default:
                    node.MakeDurable();
                    return;
            }
        }
    }

    public IDisposable? TryLock(string name)
    {
        CheckName(name);
        lock (disk.Gate)
        {
            ThrowIfGone();
            if (!node.Entries.ContainsKey(name))
            {
                Create(name, new SimInode());
            }

            return node.Locked.Add(name) ? new SimLock(disk, node, name, PathOf(name)) : null;
        }
    }

    private T Create<T>(string name, T created)
        where T : class
    {
        SimTurn turn = disk.Begin(SimOperationKind.Create, PathOf(name), 0, 0);
        node.Change(new SimNameChange(disk.NextSequence(), created, null, name));
        turn.ThrowIfCut();
        return created;
    }

    private SimInode FileNamed(string name)
    {
        if (!node.Entries.TryGetValue(name, out object? there))
        {
            throw SimDisk.Failure(StorageErrorCode.NotFound, "there is no such file", PathOf(name), -1);
        }

        return there as SimInode
            ?? throw SimDisk.Failure(StorageErrorCode.AlreadyExists, "this is a directory", PathOf(name), -1);
    }

    private static void MarkGone(SimDirectoryNode gone)
    {
        gone.IsGone = true;
        foreach (object entry in gone.Entries.Values)
        {
            if (entry is SimDirectoryNode child)
            {
                MarkGone(child);
            }
        }
    }

    private string PathOf(string name) => Path.Length == 0 ? name : $"{Path}/{name}";

    private void ThrowIfGone()
    {
        if (node.IsGone)
        {
            throw SimDisk.Failure(StorageErrorCode.NotFound, "the directory was deleted", Path, -1);
        }
    }

    private static void CheckName(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        bool good = name.Length <= MaxNameLength && name[0] != '.';
        foreach (char c in name)
        {
            good &= char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-';
        }

        if (!good)
        {
            throw new ArgumentException($"'{name}' is not a name of 1 to 128 characters of [a-z0-9._-]", nameof(name));
        }
    }
}
