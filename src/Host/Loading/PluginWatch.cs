using System.Security.Cryptography;
using System.Text;

namespace Mortise.Host.Loading;

/// <summary>Watches folders of plugins and says when what is in them has changed and has come to rest.</summary>
/// <remarks>
/// <para>The system's notices say it at once; a look at names, sizes and times now and then says it where notices get
/// lost or there are none, as on network file systems. What counts as another plugin is not decided here, but by the
/// hash of its files.</para>
/// <para>Threads: any.</para>
/// </remarks>
public sealed class PluginWatch : IAsyncDisposable
{
    /// <summary>For how long nothing must change before it is looked at.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(200);

    /// <summary>The time between two looks of its own.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly string[] _folders;
    private readonly SettledChanges _changes;
    private readonly List<FileSystemWatcher> _watchers = [];
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private string _seen;

    /// <summary>Begins to watch.</summary>
    /// <param name="folders">Folders of plugins; one that is not there yet may come.</param>
    /// <param name="time">The clock.</param>
    /// <param name="changed">What is done after a change. Never at the same time as itself.</param>
    /// <param name="failed">Told what <paramref name="changed"/> threw.</param>
    public PluginWatch(
        IEnumerable<string> folders, TimeProvider time, Func<CancellationToken, Task> changed, Action<Exception> failed)
    {
        ArgumentNullException.ThrowIfNull(folders);
        ArgumentNullException.ThrowIfNull(time);
        _folders = [.. folders.Select(Path.GetFullPath)];
        _changes = new SettledChanges(Quiet, time, changed, failed);
        foreach (string folder in _folders.Where(Directory.Exists))
        {
            Watch(folder, failed);
        }

        _seen = Look();
        _timer = time.CreateTimer(static state => ((PluginWatch)state!).LookAgain(), this, Interval, Interval);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync().ConfigureAwait(false);
        foreach (FileSystemWatcher watcher in _watchers)
        {
            watcher.Dispose();
        }

        await _changes.DisposeAsync().ConfigureAwait(false);
    }

    private void Watch(string folder, Action<Exception> failed)
    {
        try
        {
            var watcher = new FileSystemWatcher(folder)
            {
                IncludeSubdirectories = true,
                NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite
                    | NotifyFilters.Size | NotifyFilters.Attributes,
            };
            watcher.Changed += (_, _) => _changes.Touch();
            watcher.Created += (_, _) => _changes.Touch();
            watcher.Deleted += (_, _) => _changes.Touch();
            watcher.Renamed += (_, _) => _changes.Touch();

            // Notices were lost: something has changed.
            watcher.Error += (_, _) => _changes.Touch();
            _watchers.Add(watcher);
            watcher.EnableRaisingEvents = true;
        }
        catch (IOException e)
        {
            // The system has no more watches to give; looking now and then must do.
            failed(e);
        }
    }

    private void LookAgain()
    {
        string found = Look();
        lock (_gate)
        {
            if (found == _seen)
            {
                return;
            }

            _seen = found;
        }

        _changes.Touch();
    }

    private string Look()
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string folder in _folders)
        {
            try
            {
                var files = new DirectoryInfo(folder);
                foreach (FileInfo file in files.EnumerateFiles("*", SearchOption.AllDirectories)
                    .OrderBy(static f => f.FullName, StringComparer.Ordinal))
                {
                    all.AppendData(Encoding.UTF8.GetBytes(
                        $"{file.FullName}\n{file.Length}\n{file.LastWriteTimeUtc.Ticks}\n"));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It is not there, or is being changed: seen as such, and looked at again.
                all.AppendData(Encoding.UTF8.GetBytes(folder + "\n" + e.GetType().Name));
            }
        }

        return Convert.ToHexStringLower(all.GetHashAndReset());
    }
}
