using System.Collections.Concurrent;
using System.Text;
using Mortise.Files;
using Mortise.Host.Files;

namespace Mortise.Index.Lmdb.Tests;

/// <summary>A real directory in the place of a simulated one, which holds its name.</summary>
/// <remarks>LMDB opens files itself. Each opening gets a copy of what the one before left on disk, because LMDB must not
/// be opened twice in a process, and a test that kills its process in thought has not closed it: the copy is what
/// another process would find.</remarks>
internal sealed class RealDirectory : IStorageDirectory, INativeDirectory, IDisposable
{
    private const string Note = "real-directory";

    private static readonly string s_root = Directory.CreateTempSubdirectory("mortise-lmdb-").FullName;
    private static readonly ConcurrentDictionary<string, string> s_latest = new(StringComparer.Ordinal);
    private static int s_count;

    private readonly PosixDirectory _real;

    static RealDirectory() => AppDomain.CurrentDomain.ProcessExit += static (_, _) => Directory.Delete(s_root, true);

    public RealDirectory(IStorageDirectory simulated)
    {
        FullPath = System.IO.Path.Combine(s_root, $"{Interlocked.Increment(ref s_count)}");
        _real = PosixDirectory.OpenRoot(FullPath);
        Path = simulated.Path;
        string id = ReadNote(simulated);
        if (id.Length == 0)
        {
            id = FullPath;
            using IStorageFile note = simulated.Open(Note, FileIntent.OpenOrCreate);
            note.Write(Encoding.UTF8.GetBytes(id), 0);
            note.Sync(SyncKind.Full);
            simulated.Sync();
        }
        else if (s_latest.TryGetValue(id, out string? before) && File.Exists(before))
        {
            File.Copy(before, System.IO.Path.Combine(FullPath, LmdbIndex.DataFile));
        }

        s_latest[id] = System.IO.Path.Combine(FullPath, LmdbIndex.DataFile);
    }

    public string Path { get; }

    public string FullPath { get; }

    public StorageDeviceTraits Traits => _real.Traits;

    private static string ReadNote(IStorageDirectory simulated)
    {
        if (!simulated.Exists(Note))
        {
            return "";
        }

        using IStorageFile note = simulated.Open(Note, FileIntent.Read);
        byte[] id = new byte[note.Length];
        note.Read(id, 0);
        return Encoding.UTF8.GetString(id);
    }

    public void Dispose() => Directory.Delete(FullPath, recursive: true);

    public IStorageFile Open(string name, FileIntent intent) => _real.Open(name, intent);

    public IStorageDirectory OpenDirectory(string name) => _real.OpenDirectory(name);

    public bool Exists(string name) => _real.Exists(name);

    public void Rename(string from, string to) => _real.Rename(from, to);

    public void Delete(string name) => _real.Delete(name);

    public void DeleteDirectory(string name) => _real.DeleteDirectory(name);

    public IReadOnlyList<StorageEntry> List() => _real.List();

    public void Sync() => _real.Sync();

    public IDisposable? TryLock(string name) => _real.TryLock(name);
}
