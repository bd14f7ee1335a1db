using System.Buffers.Binary;
using System.Security.Cryptography;
using Mortise.Caching;
using Mortise.Engine;
using Mortise.Files;
using Mortise.Host.Configuration;
using Mortise.Host.Files;
using Mortise.Host.Installing;
using Mortise.Host.Loading;
using Mortise.Host.Running;
using Mortise.Partitioning;

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
    private readonly ExchangeableRoles _roles = new();
    private readonly Lock _loading = new();

    /// <summary>Makes a host. Reads nothing yet.</summary>
    public MortiseHost(MortiseHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _loader = new PluginLoader(new PluginLoaderOptions
        {
            Copies = options.PluginCopies is { } folder ? Copies(folder) : null,
            Allowed = options.Allowed,
            Quarantined = options.Quarantined,
            StepTimeout = options.StepTimeout,
            CrashMarks = options.CrashMarks,
            Trust = options.ReadTrust?.Invoke() ?? new TrustRules(options.TrustMode, options.Trust),
            Log = options.Logs("plugins"),
        });
        _inProcess = [.. options.StaticPlugins.Select(static p => p.Register())];
        _services = new HostServices
        {
            Time = options.Time,
            Background = options.Background ?? new HostBackground(options.Logs("background")),
            Logs = options.Logs,
            OpenTimeout = options.OpenTimeout,
            CloseTimeout = options.CloseTimeout,
            Accounts = new InstanceAccounts(options.Time, options.CrashMarks),
            Blame = Blame,
            Services = options.Services,
            PluginServices = [.. options.PluginServices],
            Seed = options.Seed
                ?? BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong))),
        };
    }

    /// <summary>Every plugin whose code is in the process, whether from a folder or from code.</summary>
    public IReadOnlyList<LoadedPlugin> Loaded => [.. _inProcess, .. _loader.Loaded];

    /// <summary>What every open instance of every plugin holds and takes, by name, and what the last ones that were
    /// closed have left behind.</summary>
    public IReadOnlyList<InstanceUse> Instances => _services.Accounts.All;

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

        lock (_loading)
        {
            ResolvedStack resolved = Resolver(stack, definition, problems).Resolve(stack, definition)
                ?? throw new StackException(problems);
            _roles.Add(resolved.Exchangeable);
            return resolved;
        }
    }

    /// <summary>Composes a store over a folder of the file system, which is made when absent.</summary>
    public ComposedStore Compose(ResolvedStack stack, string dataFolder) =>
        Compose(stack, PosixDirectory.OpenRoot(dataFolder));

    /// <summary>Composes a store over a directory.</summary>
    public ComposedStore Compose(ResolvedStack stack, IStorageDirectory root) =>
        StackComposer.Compose(stack, root, _services);

    /// <summary>The folders that plugins of a stack are looked for in.</summary>
    internal IReadOnlyList<string> FoldersOf(StackFile stack) => Roots(stack, Read(stack, []));

    /// <summary>Finds the roles of a stack that other code should play, and loads it. They are to be given back with
    /// <see cref="EndExchanges"/>.</summary>
    /// <param name="stack">The stack in force.</param>
    /// <param name="problems">Receives why other roles stay as they are.</param>
    internal IReadOnlyList<(ResolvedComponent Role, ResolvedComponent Next)> FindExchanges(
        ResolvedStack stack, ICollection<Problem> problems)
    {
        StackDefinition definition = Read(stack.Source, []);
        var found = new List<(ResolvedComponent, ResolvedComponent)>();
        lock (_loading)
        {
            if (_options.ReadTrust is { } read)
            {
                _loader.Trust = read();
            }

            StackResolver resolver = Resolver(stack.Source, definition, problems);
            foreach (ResolvedComponent role in stack.Exchangeable)
            {
                if (resolver.ResolveAgain(role.Choice) is { } next
                    && next.Component.Plugin.Sha256 != role.Component.Plugin.Sha256)
                {
                    found.Add((role, next));
                }
            }

            _roles.Add(found.Select(static f => f.Item2));
        }

        return found;
    }

    /// <summary>What was found by <see cref="FindExchanges"/> is in force or has failed.</summary>
    internal void EndExchanges(IEnumerable<ResolvedComponent> found)
    {
        lock (_loading)
        {
            _roles.Remove(found);
        }
    }

    /// <summary>A family of a composition with another component found for its structure.</summary>
    internal FamilyPart Exchange(FamilyPart family, ResolvedComponent structure) =>
        StackComposer.Exchange(family, structure, _services);

    /// <summary>Makes cache policies by a component that was found.</summary>
    internal Func<long, ICachePolicy> PolicyOf(ResolvedComponent cache) => StackComposer.PolicyOf(cache, _services);

    /// <summary>Makes the partition scheme of a component that was found.</summary>
    internal IPartitionScheme SchemeOf(ResolvedComponent scheme) => StackComposer.SchemeOf(scheme, _services);

    /// <summary>Begins to unload every plugin that can be unloaded and that no stack's role names.</summary>
    internal IReadOnlyList<PluginUnload> UnloadUnused()
    {
        lock (_loading)
        {
            return
            [
                .. _loader.Loaded.Where(p => p.CanUnload && !_roles.IsPlayedBy(p.Origin)).Select(p => _loader.Unload(p)),
            ];
        }
    }

    private StackResolver Resolver(StackFile stack, StackDefinition definition, ICollection<Problem> problems) => new(
        Scan(stack, definition),
        (plugin, canUnload) => _loader.Load(plugin, canUnload),
        _inProcess,
        _options.Projections,
        problems);

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
        string[] roots = Roots(stack, definition);
        return roots.Length == 0 ? PluginCatalog.Empty : PluginCatalog.Scan(roots);
    }

    private string[] Roots(StackFile? stack, StackDefinition? definition) =>
    [
        .. _options.PluginFolders,
        .. definition?.PluginFolders.Select(f => Path.Combine(stack?.Folder ?? "", f.Path)) ?? [],
    ];
}
