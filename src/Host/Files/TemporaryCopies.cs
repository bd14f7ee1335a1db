using Mortise.Engine;
using Mortise.Files;

namespace Mortise.Host.Files;

/// <summary>Copies of directories in the system's folder for temporary files, deleted in the end.</summary>
/// <remarks>A copy of a store that is being written to may be of no moment at all; close the store for a verdict.
/// Threads: one.</remarks>
internal sealed class TemporaryCopies : IScratch
{
    private DirectoryInfo? _folder;
    private int _count;

    /// <inheritdoc/>
    public string CopyOf(INativeDirectory directory)
    {
        try
        {
            _folder ??= Directory.CreateTempSubdirectory("mortise-look-");
            string copy = Directory.CreateDirectory(Path.Combine(_folder.FullName, $"{_count++}")).FullName;
            foreach (string file in Directory.GetFiles(directory.FullPath))
            {
                File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
            }

            return copy;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StorageException(
                StorageErrorCode.Io,
                $"no copy to look at could be made in {Path.GetTempPath()}: {e.Message}",
                directory.FullPath,
                advice: "set TMPDIR to a folder with room for the index",
                inner: e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _folder?.Delete(recursive: true);
}
