using System.Text;

namespace Mortise.Host.Loading;

/// <summary>Remembers across processes which plugin's first code was running when a process died.</summary>
/// <remarks>
/// <para>While a plugin starts, a file with its name is held open and locked; it goes when the plugin has started or has
/// failed in order. A file that nobody has locked is left by a process that died meanwhile. A plugin with two of them, and no start
/// that went well between, is not started again: one may be somebody's kill -9.</para>
/// <para>Threads and processes: any.</para>
/// </remarks>
/// <param name="folder">The folder of the marks; made when it is absent.</param>
public sealed class CrashMarks(string folder)
{
    /// <summary>Deaths after which a plugin is not started any more.</summary>
    public const int Patience = 2;

    private const string Ending = ".starting";

    /// <summary>The folder of marks of those who load from a folder of private copies.</summary>
    public static string FolderIn(string copies) => Path.TrimEndingDirectorySeparator(copies) + ".crashes";

    /// <summary>How many processes have died while these files started.</summary>
    /// <param name="sha256">The hash of the plugin's files.</param>
    internal int Deaths(string sha256) => Dead(sha256).Count();

    /// <summary>Forgets the deaths of a plugin as it is installed now.</summary>
    public void Release(InstalledPlugin plugin)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        Release(PluginFolder.Hash(plugin.Folder).Sha256);
    }

    /// <summary>Forgets the deaths of a plugin.</summary>
    /// <param name="sha256">The hash of its files.</param>
    internal void Release(string sha256)
    {
        foreach (string file in Dead(sha256))
        {
            File.Delete(file);
        }
    }

    /// <summary>Marks that a plugin is being started. Disposing says that the process has survived it.</summary>
    internal IDisposable Begin(string sha256, string plugin)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, $"{sha256}.{Guid.NewGuid():n}{Ending}");

        // The lock ends with the process, the file only when it is closed.
        var file = new FileStream(
            path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        file.Write(Encoding.UTF8.GetBytes(plugin + "\n"));
        file.Flush();
        return file;
    }

    private IEnumerable<string> Dead(string sha256) => Directory.Exists(folder)
        ? Directory.EnumerateFiles(folder, $"{sha256}.*{Ending}").Where(IsLeft)
        : [];

    private static bool IsLeft(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.None);
            return true;
        }
        catch (IOException)
        {
            // Locked by a process that is starting it, or gone.
            return false;
        }
    }
}
