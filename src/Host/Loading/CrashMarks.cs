using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Mortise.Host.Loading;

/// <summary>Remembers across processes which plugin's code was running when a process died.</summary>
/// <remarks>
/// <para>While a plugin starts, a file with its name is held open and locked; it goes when the plugin has started or
/// has failed in order. A file that nobody has locked is left by a process that died meanwhile. A plugin with two of
/// them, and no start that went well between, is not started again: one may be somebody's kill -9.</para>
/// <para>What instances do later is marked in a <see cref="FlightRecorder"/>. Whoever finds one of a process that is
/// gone makes a file of each call that was running, and says so. Three of them in the same phase, and none of that
/// phase that came to its end between, keep the plugin from being started as well: kills fall anywhere, a defect on the
/// same place. Phases that mostly wait for the device are named and do not count: that is where kills fall.</para>
/// <para>Threads and processes: any.</para>
/// </remarks>
/// <param name="folder">The folder of the marks; made when it is absent.</param>
public sealed class CrashMarks(string folder)
{
    /// <summary>Deaths while it starts after which a plugin is not started any more.</summary>
    public const int Patience = 2;

    /// <summary>Deaths while one phase runs after which a plugin is not started any more.</summary>
    public const int RunningPatience = 3;

    private const string Starting = ".starting";
    private const string Running = ".running";
    private const string Recording = ".flight";

    // One recording of this process for each folder, whoever asks; null where none could be made.
    private static readonly ConcurrentDictionary<string, Lazy<FlightRecorder?>> s_recorders =
        new(StringComparer.Ordinal);

    /// <summary>The folder of marks of those who load from a folder of private copies.</summary>
    public static string FolderIn(string copies) => Path.TrimEndingDirectorySeparator(copies) + ".crashes";

    /// <summary>Why a plugin is not to be started again, as a fact about it; null when it may be.</summary>
    /// <param name="plugin">The plugin as it is installed now; read only when anybody has died.</param>
    public string? Objection(InstalledPlugin plugin)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        return Directory.Exists(folder) && Directory.EnumerateFiles(folder).Any(IsDeath)
            ? Objection(PluginFolder.Hash(plugin.Folder).Sha256)
            : null;
    }

    /// <summary>The same by the hash of its files.</summary>
    internal string? Objection(string sha256)
    {
        int starting = Deaths(sha256);
        if (starting >= Patience)
        {
            return $"was starting when {starting} processes died";
        }

        foreach (FlightPhase phase in Enum.GetValues<FlightPhase>().Where(Counts))
        {
            int running = Of(sha256, phase).Count();
            if (running >= RunningPatience)
            {
                return $"was in '{Word(phase)}' when {running} processes died, and has not come through it since";
            }
        }

        return null;
    }

    /// <summary>How many processes have died while these files started.</summary>
    /// <param name="sha256">The hash of the plugin's files.</param>
    internal int Deaths(string sha256) => Left($"{sha256}.*{Starting}").Count();

    /// <summary>Looks for processes that are gone, and keeps what plugins did when they went.</summary>
    /// <returns>A line for a person for each call that was running; empty when it is asked again.</returns>
    public IReadOnlyList<string> Settle()
    {
        var found = new List<string>();
        foreach (string path in Left($"*{Recording}"))
        {
            // Whoever has it open tells, and nobody else.
            using FileStream? file = TryOpen(path);
            if (file is null)
            {
                continue;
            }

            byte[] bytes = new byte[Math.Min(
                file.Length, FlightRecorder.HeadBytes + (FlightRecorder.Places * FlightRecorder.PlaceBytes))];
            file.ReadExactly(bytes);
            if (!TryDelete(path))
            {
                // Another user's, who is told.
                continue;
            }

            foreach ((string sha256, string plugin, string instance, FlightPhase phase) in FlightRecorder.Read(bytes))
            {
                found.Add(
                    $"an earlier process ended while {plugin} was in '{Word(phase)}' of {instance}: a crash of that "
                    + "code, or a kill meanwhile");
                if (Counts(phase) && Of(sha256, phase).Count() < RunningPatience)
                {
                    File.WriteAllText(
                        Path.Combine(folder, $"{Prefix(sha256, phase)}{Guid.NewGuid():n}{Running}"),
                        $"{plugin}\n{instance}\n");
                }
            }
        }

        return found;
    }

    /// <summary>Forgets the deaths of a plugin as it is installed now.</summary>
    public void Release(InstalledPlugin plugin)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        string sha256 = PluginFolder.Hash(plugin.Folder).Sha256;
        Settle();
        Release(sha256);
        Delete(Left($"{sha256}.*{Running}"));
    }

    /// <summary>Forgets the deaths of a plugin while it started.</summary>
    /// <param name="sha256">The hash of its files.</param>
    internal void Release(string sha256) => Delete(Left($"{sha256}.*{Starting}"));

    /// <summary>Marks that a plugin is being started. Disposing says that the process has survived it.</summary>
    internal IDisposable Begin(string sha256, string plugin)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, $"{sha256}.{Guid.NewGuid():n}{Starting}");

        // The lock ends with the process, the file only when it is closed.
        var file = new FileStream(
            path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        file.Write(Encoding.UTF8.GetBytes(plugin + "\n"));
        file.Flush();
        return file;
    }

    /// <summary>Marks what an instance does from now on.</summary>
    /// <param name="plugin">Whose code it is.</param>
    /// <param name="instance">The instance.</param>
    /// <param name="unmarked">Told why it cannot be marked.</param>
    /// <returns>Null when it cannot.</returns>
    internal FlightRecorder.Flight? Follow(PluginOrigin plugin, string instance, Action<Exception> unmarked)
    {
        if (plugin.Sha256.Length == 0
            || Recorder(unmarked)?.Begin(plugin.Sha256, plugin.ToString(), instance) is not { } flight)
        {
            return null;
        }

        FlightPhase[] suspected =
            [.. Enum.GetValues<FlightPhase>().Where(phase => Of(plugin.Sha256, phase).Any())];
        if (suspected.Length > 0)
        {
            bool[] isSuspected = new bool[FlightRecorder.Phases];
            Array.ForEach(suspected, phase => isSuspected[(int)phase] = true);
            flight.Survived = phase =>
            {
                if (isSuspected[(int)phase])
                {
                    isSuspected[(int)phase] = false;
                    Delete(Of(plugin.Sha256, phase));
                }
            };
        }

        return flight;
    }

    private FlightRecorder? Recorder(Action<Exception> unmarked) => s_recorders.GetOrAdd(
        Path.GetFullPath(folder),
        place => new Lazy<FlightRecorder?>(() =>
        {
            try
            {
                Directory.CreateDirectory(place);
                return Create(place) ?? Create(place) ?? throw new IOException($"others look through {place}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A store is opened all the same; who crashes will not be known.
                unmarked(e);
                return null;
            }
        })).Value;

    /// <summary>Makes a recording; null when another process that settles has taken it for one that is left.</summary>
    private static FlightRecorder? Create(string place)
    {
        string path = Path.Combine(place, $"{Guid.NewGuid():n}{Recording}");
        try
        {
            return FlightRecorder.Create(path);
        }
        catch (IOException) when (!File.Exists(path) && Directory.Exists(place))
        {
            return null;
        }
    }

    private IEnumerable<string> Of(string sha256, FlightPhase phase) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, $"{Prefix(sha256, phase)}*{Running}") : [];

    private static string Prefix(string sha256, FlightPhase phase) =>
        string.Create(CultureInfo.InvariantCulture, $"{sha256}.{(int)phase}.");

    private static bool IsDeath(string path) =>
        path.EndsWith(Starting, StringComparison.Ordinal) || path.EndsWith(Running, StringComparison.Ordinal);

    private static bool Counts(FlightPhase phase) => phase is not (FlightPhase.Sync or FlightPhase.Checkpoint);

    private static string Word(FlightPhase phase) => phase.ToString().ToLowerInvariant();

    private static void Delete(IEnumerable<string> files) => Array.ForEach([.. files], static f => TryDelete(f));

    private static bool TryDelete(string file)
    {
        try
        {
            File.Delete(file);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private IEnumerable<string> Left(string pattern) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, pattern).Where(IsLeft) : [];

    private static bool IsLeft(string path)
    {
        using FileStream? file = TryOpen(path);
        return file is not null;
    }

    /// <summary>Opens a file alone; null when a process has it locked, it is gone, or it is another user's.</summary>
    private static FileStream? TryOpen(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
