namespace Mortise.Conformance;

/// <summary>Walks over the names of a simulated disk.</summary>
internal static class SimTree
{
    public static IEnumerable<(string Path, SimInode File)> Files(SimDirectoryNode directory, string prefix = "")
    {
        foreach ((string name, object entry) in directory.Entries)
        {
            if (entry is SimInode file)
            {
                yield return (prefix + name, file);
                continue;
            }

            foreach ((string Path, SimInode File) below in Files((SimDirectoryNode)entry, $"{prefix}{name}/"))
            {
                yield return below;
            }
        }
    }

    public static SimInode Find(SimDirectoryNode root, string path)
    {
        foreach ((string there, SimInode file) in Files(root))
        {
            if (there == path)
            {
                return file;
            }
        }

        throw new StorageException(StorageErrorCode.NotFound, "there is no such file", path);
    }
}
