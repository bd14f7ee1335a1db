namespace Mortise.Bench.Measuring;

/// <summary>Bytes of a store's files by the folder of its parts.</summary>
internal static class DiskUse
{
    /// <summary>Apparent bytes of each top folder's files, and of the files beside them.</summary>
    public static SortedDictionary<string, long> ByPart(string folder)
    {
        var parts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            string[] steps = Path.GetRelativePath(folder, file).Split(Path.DirectorySeparatorChar);
            string part = steps.Length == 1 ? "." : steps[0];
            parts[part] = parts.GetValueOrDefault(part) + new FileInfo(file).Length;
        }

        return parts;
    }
}
