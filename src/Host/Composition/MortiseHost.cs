using System.Buffers.Binary;
using System.Security.Cryptography;
using Mortise.Files;
using Mortise.Host.Configuration;
using Mortise.Host.Files;
using Mortise.Host.Installing;
using Mortise.Host.Loading;
using Mortise.Host.Running;

namespace Mortise.Host.Composition;

/// <summary>Finds, loads and wires plugins as stacks say. One for a process; it may serve many stores, also with
/// several versions of one plugin.</summary>
/// <remarks>Threads: all members from any thread.</remarks>
public sealed class MortiseHost
{
    private static readonly TimeSpan s_keepCopies = TimeSpan.FromDays(7);

    private readonly MortiseHostOptions _options;
    private readonly PluginLoader _loader;
    private readonly IReadOnlyList<LoadedPlugin> _inProcess;
    private readonly HostServices _services;

    /// <summary>Makes a host. Reads nothing yet.</summary>
    public MortiseHost(MortiseHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _loader = new PluginLoader(new PluginLoaderOptions
        {
            TrustMode = options.TrustMode,
            Trust = options.Trust,
            Copies = options.PluginCopies is { } folder ? Copies(folder) : null,
            Allowed = options.Allowed,
            Quarantined = options.Quarantined,
            StepTimeout = options.StepTimeout,
            CrashMarks = options.CrashMarks,
            Log = options.Logs("plugins"),
        });
        _inProcess = [.. options.StaticPlugins.Select(static p => p.Register())];
        _services = new HostServices
        {
            Time = options.Time,
            Background = options.Background ?? new HostBackground(options.Logs("background")),
            Logs = options.Logs,
            OpenTimeout = options.OpenTimeout,
            Blame = Blame,
            Services = options.Services,
            PluginServices = [.. options.PluginServices],
            Seed = options.Seed
                ?? BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong))),
        };
    }

    /// <summary>Every plugin whose code is in the process, whether from a folder or from code.</summary>
    public IReadOnlyList<LoadedPlugin> Loaded => [.. _inProcess, .. _loader.Loaded];

    /// <summary>Finds the plugin whose code threw something that its contract does not allow.</summary>
    /// <param name="failure">What came out of a store, or of work in its background.</param>
    /// <returns>A <see cref="StorageErrorCode.PluginFault"/> that names plugin and method; null when no plugin is to
    /// blame.</returns>
    public StorageException? Blame(Exception failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        return PluginBlame.Of(failure, Loaded);
    }

    /// <summary>What is installed in the host's folders and in those that a stack names. Loads nothing.</summary>
    /// <param name="stack">A stack that may name further folders, or null.</param>
    public PluginCatalog Discover(StackFile? stack = null)
    {
        var problems = new List<Problem>();
        StackDefinition? definition = stack is null ? null : Read(stack, problems);
        return Scan(stack, definition);
    }

    /// <summary>Everything that speaks against a plugin and can be known without running its code.</summary>
    /// <param name="plugin">One that was discovered.</param>
    /// <returns>Empty when it can be loaded as far as that can be known.</returns>
    public IReadOnlyList<Problem> Verify(InstalledPlugin plugin) => _loader.Verify(plugin);

    /// <summary>Loads a plugin that no stack has asked for. Runs its registration.</summary>
    /// <exception cref="PluginLoadException">It is not loaded; every reason is in the exception.</exception>
    public LoadedPlugin Load(InstalledPlugin plugin) => _loader.Load(plugin);

    /// <summary>Says step by step how a component was found and loaded, or why not. For people.</summary>
    /// <param name="componentId">The id that a stack names.</param>
    /// <param name="stack">A stack that may name further folders, or null.</param>
    public IReadOnlyList<string> Explain(string componentId, StackFile? stack = null) =>
        PluginExplanation.Of(componentId, Discover(stack), Loaded);

    /// <summary>A JSON Schema of the stacks that can be written with what is installed. Loads every plugin that can be
    /// loaded.</summary>
    /// <param name="stack">A stack that may name further folders, or null.</param>
    /// <param name="problems">Receives why plugins are left out, or null.</param>
    public string WriteSchema(StackFile? stack = null, ICollection<Problem>? problems = null)
    {
        foreach (InstalledPlugin plugin in Discover(stack).Plugins)
        {
            try
            {
                _loader.Load(plugin);
            }
            catch (PluginLoadException e)
            {
                foreach (Problem problem in e.Problems)
                {
                    problems?.Add(problem);
                }
            }
        }

        return StackSchema.Write([.. Loaded.SelectMany(static p => p.Components)], _options.Sections);
    }

    /// <summary>Finds, loads and configures everything that a stack names.</summary>
    /// <exception cref="StackException">Everything that is wrong with it, in one list.</exception>
    public ResolvedStack Resolve(StackFile stack)
    {
        ArgumentNullException.ThrowIfNull(stack);
        var problems = new List<Problem>(stack.Problems);
        StackDefinition definition = Read(stack, problems);
        foreach (StackSection section in definition.Sections)
        {
            if (_options.Sections[section.Name] is { } type)
            {
                section.Bind(type, problems);
            }
        }

        foreach ((string path, SourcePosition at) in definition.PluginFolders)
        {
            if (!Directory.Exists(Path.Combine(stack.Folder ?? "", path)))
            {
                problems.Add(new Problem(
                    ProblemCode.UnknownReference, at, $"plugins names the folder '{path}', which is not there"));
            }
        }

        var resolver = new StackResolver(
            Scan(stack, definition), plugin => _loader.Load(plugin), _inProcess, _options.Projections, problems);
        return resolver.Resolve(stack, definition) ?? throw new StackException(problems);
    }

    /// <summary>Composes a store over a folder of the file system, which is made when absent.</summary>
    public ComposedStore Compose(ResolvedStack stack, string dataFolder) =>
        Compose(stack, PosixDirectory.OpenRoot(dataFolder));

    /// <summary>Composes a store over a directory.</summary>
    public ComposedStore Compose(ResolvedStack stack, IStorageDirectory root) =>
        StackComposer.Compose(stack, root, _services);

    private static PrivateCopies Copies(string folder)
    {
        var copies = new PrivateCopies(folder);

        // The copies' age is the file system's affair, whatever clock the host was given.
        copies.Collect(s_keepCopies, TimeProvider.System.GetUtcNow());
        return copies;
    }

    private StackDefinition Read(StackFile stack, List<Problem> problems) =>
        StackDefinition.Read(stack.Root, [.. _options.Sections.Keys], problems);

    private PluginCatalog Scan(StackFile? stack, StackDefinition? definition)
    {
        IEnumerable<string> named =
            definition?.PluginFolders.Select(f => Path.Combine(stack?.Folder ?? "", f.Path)) ?? [];
        string[] roots = [.. _options.PluginFolders, .. named];
        return roots.Length == 0 ? PluginCatalog.Empty : PluginCatalog.Scan(roots);
    }
}
