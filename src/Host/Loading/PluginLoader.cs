using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.Loader;
using Mortise.Components;
using Mortise.Host.Configuration;
using Mortise.Host.Installing;
using Mortise.Plugins;

namespace Mortise.Host.Loading;

/// <summary>Loads an installed plugin into a load context of its own and lets it register its components.</summary>
/// <remarks>
/// <para>The one place that knows how assemblies are loaded; another loader could stand here. Every check that needs no
/// code of the plugin comes before the first that runs some, and is made of the private copy that is then
/// loaded.</para>
/// <para>Threads: any. The same files are loaded once per loader; a folder whose files have changed since is another
/// generation, beside the first.</para>
/// </remarks>
/// <param name="options">What is demanded of a plugin.</param>
public sealed class PluginLoader(PluginLoaderOptions options)
{
    private readonly ConcurrentDictionary<string, Generation> _generations = new(StringComparer.Ordinal);

    private volatile TrustRules _trust = options.Trust;

    /// <summary>Which plugins are trusted; what is loaded already stays.</summary>
    public TrustRules Trust
    {
        get => _trust;
        set => _trust = value;
    }

    /// <summary>What is loaded, in order of folders.</summary>
    public IReadOnlyList<LoadedPlugin> Loaded =>
    [
        .. _generations.OrderBy(static g => g.Key, StringComparer.Ordinal)
            .Select(static g => g.Value.Plugin).OfType<LoadedPlugin>(),
    ];

    /// <summary>Loads a plugin, or gives the one that was loaded from the same files.</summary>
    /// <param name="plugin">The plugin.</param>
    /// <param name="canUnload">True for a context that can be unloaded. Calls through interfaces inside such code cost
    /// 3 to 6 times more, for good.</param>
    /// <exception cref="PluginLoadException">It is not loaded; every reason is in the exception.</exception>
    public LoadedPlugin Load(InstalledPlugin plugin, bool canUnload = false)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        CheckFolder(plugin);
        PrivateCopy? copy = Guard(plugin, "copy", () => options.Copies?.Take(plugin.Folder));
        try
        {
            (string sha256, long bytes) = copy is null ? PluginFolder.Hash(plugin.Folder) : (copy.Sha256, copy.Bytes);
            Generation generation = _generations.GetOrAdd(
                $"{plugin.Folder}\n{sha256}\n{canUnload}", static _ => new Generation());
            lock (generation)
            {
                if (generation.Plugin is not { } loaded)
                {
                    loaded = LoadNew(plugin, copy, sha256, bytes, canUnload);
                    generation.Plugin = loaded;
                    copy = null;
                }

                return loaded;
            }
        }
        finally
        {
            copy?.Dispose();
        }
    }

    /// <summary>Makes every check that needs no code of the plugin.</summary>
    /// <returns>Every reason not to load it.</returns>
    public IReadOnlyList<Problem> Verify(InstalledPlugin plugin)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        var problems = new List<Problem>();
        foreach (Action check in (Action[])
        [
            () => CheckFolder(plugin),
            () => CheckTrust(plugin, plugin, PluginFolder.Hash(plugin.Folder).Sha256),
            () => CheckDeaths(plugin, PluginFolder.Hash(plugin.Folder).Sha256),
            () => PluginInspection.Check(plugin, problems, options.Allowed),
        ])
        {
            try
            {
                check();
            }
            catch (PluginLoadException e)
            {
                problems.AddRange(e.Problems);
            }
        }

        return Problem.Sorted(problems);
    }

    /// <summary>Forgets a plugin and begins to unload it. Everything that uses it must be closed before.</summary>
    /// <param name="plugin">One that was loaded so that it can be unloaded.</param>
    /// <returns>The proof, still to be made.</returns>
    /// <exception cref="InvalidOperationException">It cannot be unloaded.</exception>
    public PluginUnload Unload(LoadedPlugin plugin)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        PluginUnload unload = plugin.BeginUnload();
        foreach ((string key, Generation generation) in _generations)
        {
            if (ReferenceEquals(generation.Plugin, plugin))
            {
                _generations.TryRemove(key, out _);
            }
        }

        return unload;
    }

    private void CheckFolder(InstalledPlugin plugin)
    {
        var problems = new List<Problem>();
        if (options.Quarantined.Contains($"{plugin.Manifest.Id} {plugin.Manifest.Version.ToNormalizedString()}"))
        {
            problems.Add(Failed(
                plugin,
                ProblemCode.Quarantined,
                "was running when the process died; see 'mortise plugins doctor', or release it"));
        }

        Guard(plugin, "examine the folder", () =>
        {
            FolderSafety.Check(plugin.Folder, Trust.Mode == TrustMode.Enforce, plugin.Manifest.At, problems);
            return true;
        });
        if (problems.Count > 0)
        {
            throw new PluginLoadException(problems);
        }
    }

    private LoadedPlugin LoadNew(
        InstalledPlugin installed, PrivateCopy? copy, string sha256, long bytes, bool canUnload)
    {
        long started = options.Time.GetTimestamp();
        var problems = new List<Problem>();
        if (ContractVersion.Objection(ContractVersion.Assembly.Location) is { } objection)
        {
            throw new PluginLoadException([Failed(installed, ProblemCode.WrongPlatform, objection)]);
        }

        InstalledPlugin plugin = copy is null ? installed : ReadAgain(installed, copy);
        CheckTrust(installed, plugin, sha256);
        CheckDeaths(installed, sha256);
        Guard(installed, "examine the files", () =>
        {
            PluginInspection.Check(plugin, problems, options.Allowed);
            return true;
        });
        if (problems.Count > 0)
        {
            throw new PluginLoadException([.. problems.Select(p => p with { At = installed.Manifest.At })]);
        }

        var context = Guard(installed, "load", () =>
            new PluginLoadContext(plugin.ToString(), plugin.AssemblyPath, canUnload, options.Share));
        try
        {
            var origin = new PluginOrigin
            {
                Id = plugin.Manifest.Id,
                Version = plugin.Manifest.Version,
                Folder = installed.Folder,
                LoadedFrom = plugin.Folder,
                Sha256 = sha256,
                Bytes = bytes,
            };
            (Assembly assembly, IReadOnlyList<PluginComponent> components) =
                StartMarked(installed, plugin, context, origin);
            CompareWithManifest(installed, components, problems);
            return problems.Count == 0
                ? new LoadedPlugin(
                    origin, assembly, components, context, copy, options.Time.GetElapsedTime(started))
                : throw new PluginLoadException(problems);
        }
        catch (PluginLoadException) when (canUnload)
        {
            context.Unload();
            throw;
        }
    }

    private void CheckDeaths(InstalledPlugin plugin, string sha256)
    {
        foreach (string line in options.CrashMarks?.Settle() ?? [])
        {
            options.Log.Write(ComponentLogLevel.Warning, line);
        }

        if (options.CrashMarks?.Objection(sha256) is { } objection)
        {
            throw new PluginLoadException([Failed(
                plugin,
                ProblemCode.Quarantined,
                $"{objection}; 'mortise plugins doctor' tries it in a process of its own, "
                + $"'mortise plugins release {plugin.Manifest.Id}' lets it start again")]);
        }
    }

    private (Assembly Assembly, IReadOnlyList<PluginComponent> Components) StartMarked(
        InstalledPlugin installed, InstalledPlugin plugin, PluginLoadContext context, PluginOrigin origin)
    {
        using IDisposable? mark = options.CrashMarks?.Begin(origin.Sha256, plugin.ToString());
        (Assembly, IReadOnlyList<PluginComponent>) started = Start(installed, plugin, context, origin);
        options.CrashMarks?.Release(origin.Sha256);
        return started;
    }

    /// <summary>Runs the plugin's first code: its module initializer, its constructor, its registration.</summary>
    private (Assembly Assembly, IReadOnlyList<PluginComponent> Components) Start(
        InstalledPlugin installed, InstalledPlugin plugin, PluginLoadContext context, PluginOrigin origin)
    {
        Assembly assembly = Guard(installed, "load", () => context.LoadFromAssemblyPath(plugin.AssemblyPath));
        IPlugin entry = Timed(installed, context, "start", () => PluginEntry.Create(
            assembly, (code, fact) => Failed(installed, code, fact)));
        var registrar = new ComponentRegistrar(origin, assembly);
        IReadOnlyList<PluginComponent> components = Timed(installed, context, "register", () =>
        {
            entry.Register(registrar);
            return registrar.Close();
        });
        return (assembly, components);
    }

    /// <summary>The manifest that counts is the copy's; it must still be the one that was found.</summary>
    private static InstalledPlugin ReadAgain(InstalledPlugin installed, PrivateCopy copy)
    {
        var problems = new List<Problem>();
        string path = Path.Combine(copy.Folder, PluginManifest.FileName);
        PluginManifest? manifest = Guard(installed, "read", () =>
            PluginManifest.Parse(path, File.ReadAllBytes(path), problems));
        if (manifest is null)
        {
            throw new PluginLoadException(problems);
        }

        return manifest.Id == installed.Manifest.Id && manifest.Version == installed.Manifest.Version
            ? new InstalledPlugin(manifest, copy.Folder)
            : throw new PluginLoadException([Failed(
                installed, ProblemCode.FolderMismatch, $"became {manifest.Id} {manifest.Version} meanwhile")]);
    }

    /// <summary>Asks the list for the files that will be loaded; messages name where they were installed.</summary>
    private void CheckTrust(InstalledPlugin plugin, InstalledPlugin loaded, string sha256)
    {
        (TrustMode mode, TrustList list) = Trust;
        if (mode == TrustMode.Off || list.Objection(loaded, sha256) is not { } objection)
        {
            return;
        }

        if (mode == TrustMode.Enforce)
        {
            throw new PluginLoadException([Failed(plugin, ProblemCode.NotTrusted, objection)]);
        }

        options.Log.Write(
            ComponentLogLevel.Warning, $"{plugin} {objection}; loaded all the same, because trust is 'warn'");
    }

    /// <summary>Discovery believed the manifest; what was registered must be what it said.</summary>
    private static void CompareWithManifest(
        InstalledPlugin plugin, IReadOnlyList<PluginComponent> components, List<Problem> problems)
    {
        foreach (ComponentDeclaration declared in plugin.Manifest.Components)
        {
            PluginComponent? actual = components.FirstOrDefault(c => c.Descriptor.Id == declared.Id);
            if (actual is null)
            {
                problems.Add(Failed(
                    plugin, ProblemCode.LoadFailed, $"declares component '{declared.Id}' and does not register it"));
                continue;
            }

            ComponentDescriptor d = actual.Descriptor;
            string said = Describe(declared.Kind, declared.Format, declared.FormatVersion, declared.OldestReadable)
                + Describe(declared.Offers, declared.Requires, declared.Prefers, declared.Conflicts);
            string found = Describe(actual.Kind, d.FormatName, d.FormatVersion, d.OldestReadableFormatVersion)
                + Describe(d.Offers, d.Requires, d.Prefers, d.Conflicts);
            if (said != found)
            {
                problems.Add(Failed(
                    plugin,
                    ProblemCode.LoadFailed,
                    $"declares component '{declared.Id}' as {said} and registers it as {found}"));
            }
        }

        foreach (PluginComponent component in components)
        {
            if (!plugin.Manifest.Components.Any(c => c.Id == component.Descriptor.Id))
            {
                problems.Add(Failed(
                    plugin,
                    ProblemCode.LoadFailed,
                    $"registers component '{component.Descriptor.Id}' and does not declare it in "
                    + PluginManifest.FileName));
            }
        }
    }

    private static string Describe(ComponentKind kind, string format, int version, int oldest) =>
        $"{kind}, format '{format}' {version} from {oldest}";

    private static string Describe(params IReadOnlyList<string>[] names) => names.All(static n => n.Count == 0)
        ? ""
        : string.Concat(names.Zip(
            (string[])["offers", "requires", "prefers", "conflicts with"],
            static (n, word) => n.Count == 0 ? "" : $", {word} {string.Join(", ", n.Order(StringComparer.Ordinal))}"));

    /// <summary>Runs code of a plugin on a thread of its own, so that one that never comes back does not stop the
    /// host.</summary>
    private T Timed<T>(InstalledPlugin plugin, PluginLoadContext context, string step, Func<T> run)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            using AssemblyLoadContext.ContextualReflectionScope scope = context.EnterContextualReflection();
            try
            {
                done.SetResult(run());
            }
#pragma warning disable CA1031 // Handed to the thread that waits.
            catch (Exception e)
#pragma warning restore CA1031
            {
                done.SetException(e);
            }
        })
        {
            IsBackground = true,
            Name = $"{step} {plugin}",
        };
        thread.UnsafeStart();
        try
        {
            return Guard(plugin, step, () =>
            {
                T result = done.Task.WaitAsync(options.StepTimeout, options.Time).GetAwaiter().GetResult();
                thread.Join();
                return result;
            });
        }
        catch (PluginLoadException e) when (e.InnerException is TimeoutException && !done.Task.IsCompleted)
        {
            throw new PluginLoadException([Failed(
                plugin,
                ProblemCode.TimedOut,
                $"did not {step} within {options.StepTimeout.TotalSeconds:0.###} seconds; its thread is left behind")]);
        }
    }

    private static T Guard<T>(InstalledPlugin plugin, string step, Func<T> run)
    {
        try
        {
            return run();
        }
        catch (PluginLoadException)
        {
            throw;
        }
#pragma warning disable CA1031 // A plugin's code: whatever it throws means that it is not loaded, and the host goes on.
        catch (Exception e) when (e is not OutOfMemoryException)
#pragma warning restore CA1031
        {
            SharedAssemblyException? shared = Find<SharedAssemblyException>(e);
            throw new PluginLoadException(
                [shared is null
                    ? Failed(plugin, ProblemCode.LoadFailed, $"failed to {step}: {e.GetType().Name}: {e.Message}")
                    : Failed(plugin, ProblemCode.SharedAssemblyUnavailable, $"failed to {step}: {shared.Message}")],
                e);
        }
    }

    private static T? Find<T>(Exception e)
        where T : Exception =>
        e as T ?? (e.InnerException is { } inner ? Find<T>(inner) : null);

    private static Problem Failed(InstalledPlugin plugin, ProblemCode code, string fact) =>
        new(code, plugin.Manifest.At, $"{plugin} {fact}");

    /// <summary>The files of one folder at one time; also the lock under which they are loaded.</summary>
    private sealed class Generation
    {
        public LoadedPlugin? Plugin { get; set; }
    }
}
