using System.CommandLine;
using Mortise.Cli.Commands;
using Mortise.Cli.Output;
using Mortise.Components;
using Mortise.Engine;
using Mortise.Files;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Installing;
using Mortise.Host.Loading;
using Mortise.Host.Running;
using Mortise.Indexing;
using Mortise.Nostr;
using Mortise.Relay;

namespace Mortise.Cli;

/// <summary>An open store with the host that loaded its parts.</summary>
internal sealed class StoreSession : IAsyncDisposable
{
    /// <summary>The stack file that a data directory may hold.</summary>
    public const string StackFileName = "stack.yaml";

    private const string EventSectionName = "nostr";
    private const string RelaySectionName = "relay";
    private const string RetentionSectionName = "retention";

    // Copies of files that components open by path, when the store is only looked at.
    private readonly IScratch? _scratch;

    private StoreSession(
        MortiseHost host,
        ComposedStore composed,
        EventStore store,
        EventPolicyOptions policy,
        string data,
        IScratch? scratch)
    {
        _scratch = scratch;
        Policy = policy;
        Host = host;
        Composed = composed;
        Store = store;
        Data = data;
    }

    /// <summary>What loaded the plugins.</summary>
    public MortiseHost Host { get; }

    /// <summary>The stack, resolved.</summary>
    public ComposedStore Composed { get; }

    /// <summary>The store.</summary>
    public EventStore Store { get; }

    /// <summary>The rules that the store applies.</summary>
    public EventPolicyOptions Policy { get; }

    /// <summary>The store's directory.</summary>
    public string Data { get; }

    /// <summary>Makes the host that a command line asks for. Loads nothing.</summary>
    /// <param name="context">The tool.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="remembersCrashes">False for a process that is there to find out whether a plugin kills it.</param>
    public static MortiseHost CreateHost(
        CommandContext context, ParseResult arguments, bool remembersCrashes = true)
    {
        var options = new MortiseHostOptions
        {
            Projections = [.. EventProjections.All.Keys],
            Logs = instance => new TextLog(
                context.Console.Error, instance, ComponentLogLevel.Warning, context.Time),
        };
        options.Sections[EventSectionName] = typeof(EventSection);
        options.Sections[RelaySectionName] = typeof(RelayOptions);
        options.Sections[RetentionSectionName] = typeof(RetentionSection);
        options.PluginCopies = PrivateCopies.DefaultFolder();
        if (remembersCrashes)
        {
            options.CrashMarks = new CrashMarks(CrashMarks.FolderIn(options.PluginCopies));
        }

        foreach (string folder in context.Options.Plugins(arguments))
        {
            options.PluginFolders.Add(folder);
        }

        options.ReadTrust = () => ReadTrust(options.PluginFolders, context.Options.Trust(arguments));
        return new MortiseHost(options);
    }

    /// <summary>Reads the stack that a command line asks for: the file it names, the one in the data directory, or the
    /// default.</summary>
    /// <param name="context">The tool.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="data">The store's directory.</param>
    /// <param name="presets">Overrides that those of the command line override, or null.</param>
    public static StackFile ReadStack(
        CommandContext context, ParseResult arguments, string data, IReadOnlyList<string>? presets = null)
    {
        string[] overrides = [.. presets ?? [], .. context.Options.Overrides(arguments)];
        string inData = Path.Combine(data, StackFileName);
        string? path = context.Options.Stack(arguments) ?? (File.Exists(inData) ? inData : null);
        return path is null
            ? StackFile.Parse(
                "(default stack)", DefaultStack.Text, overrides, profile: context.Options.Profile(arguments))
            : StackFile.Read(path, overrides, context.Options.Profile(arguments));
    }

    /// <summary>Opens or creates the store that a command line asks for.</summary>
    /// <param name="context">The tool.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="cancellation">Stops opening.</param>
    public static ValueTask<StoreSession> OpenAsync(
        CommandContext context, ParseResult arguments, CancellationToken cancellation) =>
        OpenAsync(context, arguments, context.Options.Data(arguments), cancellation);

    /// <summary>Opens the store that a command line asks for, in a directory that holds something: a mistyped one
    /// should not answer as an empty store.</summary>
    public static ValueTask<StoreSession> OpenExistingAsync(
        CommandContext context, ParseResult arguments, CancellationToken cancellation) =>
        OpenAsync(context, arguments, context.Options.Data(arguments), mayCreate: false, cancellation);

    /// <summary>As <see cref="OpenExistingAsync"/>, without the store's lock and over an
    /// <see cref="OverlayDirectory"/>: whatever is done with it stays in memory.</summary>
    public static ValueTask<StoreSession> OpenUntouchedAsync(
        CommandContext context, ParseResult arguments, CancellationToken cancellation) => OpenAsync(
            context,
            arguments,
            context.Options.Data(arguments),
            mayCreate: false,
            cancellation,
            isUntouched: true);

    /// <summary>Opens or creates a store for a relay: without a stack file, with a relay's rules instead of an
    /// archive's.</summary>
    public static ValueTask<StoreSession> OpenForRelayAsync(
        CommandContext context, ParseResult arguments, string data, CancellationToken cancellation)
    {
        bool hasFile = context.Options.Stack(arguments) is not null || File.Exists(Path.Combine(data, StackFileName));
        return OpenAsync(
            context,
            arguments,
            data,
            mayCreate: true,
            cancellation,
            presets: hasFile ? null : DefaultStack.RelayRules);
    }

    /// <summary>Opens or creates a store in a given directory.</summary>
    public static ValueTask<StoreSession> OpenAsync(
        CommandContext context, ParseResult arguments, string data, CancellationToken cancellation) =>
        OpenAsync(context, arguments, data, mayCreate: true, cancellation);

    /// <summary>Composes a store in a directory without opening it. Makes the directory when it is absent.</summary>
    public static (MortiseHost Host, ComposedStore Composed) Compose(
        CommandContext context, ParseResult arguments, string data)
    {
        MortiseHost host = CreateHost(context, arguments);
        return (host, host.Compose(host.Resolve(ReadStack(context, arguments, data)), data));
    }

    /// <summary>Composes what is in a directory without opening it: a store, or what damage has left of one.</summary>
    /// <exception cref="BadInputException">There is no such directory.</exception>
    public static ComposedStore ComposeExisting(CommandContext context, ParseResult arguments)
    {
        string data = context.Options.Data(arguments);
        return Directory.Exists(data)
            ? Compose(context, arguments, data).Composed
            : throw new BadInputException($"there is no store in '{data}'");
    }

    /// <summary>The rules for events, and the projections of plugins, that a stack names.</summary>
    public static EventStoreOptions Events(ComposedStore composed) =>
        (composed.Stack.TryGetSection(EventSectionName, out StackSection? section)
            ? section.Bind<EventSection>()
            : new EventSection()).ToOptions(OwnProjections(composed));

    /// <summary>How a relay over the store behaves.</summary>
    public static RelayOptions Relay(ComposedStore composed) =>
        composed.Stack.TryGetSection(RelaySectionName, out StackSection? section)
            ? section.Bind<RelayOptions>()
            : new RelayOptions();

    /// <summary>How long events are kept; null when the stack does not say.</summary>
    public static RetentionSection? Retention(ComposedStore composed) =>
        composed.Stack.TryGetSection(RetentionSectionName, out StackSection? section)
            ? section.Bind<RetentionSection>()
            : null;

    /// <summary>Every projection that a stack's families may name.</summary>
    public static IReadOnlyDictionary<string, IKeyProjection> Projections(ComposedStore composed)
    {
        var all = new Dictionary<string, IKeyProjection>(EventProjections.All);
        foreach ((string name, IKeyProjection projection) in OwnProjections(composed))
        {
            all[name] = projection;
        }

        return all;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Store.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            _scratch?.Dispose();
        }
    }

    /// <summary>Where there is a list, only what it names is loaded, unless the command line says otherwise.</summary>
    private static TrustRules ReadTrust(IEnumerable<string> folders, TrustMode? said)
    {
        TrustList all = TrustList.Empty;
        bool hasList = false;
        foreach (TrustList list in folders.Select(PluginInstaller.ReadTrust).OfType<TrustList>())
        {
            hasList = true;
            all.AddAll(list);
        }

        return new TrustRules(said ?? (hasList ? TrustMode.Enforce : TrustMode.Off), all);
    }

    private static Dictionary<string, IKeyProjection> OwnProjections(ComposedStore composed) =>
        composed.Projections.ToDictionary(
            static p => p.Key,
            static p => (IKeyProjection)EventProjections.OfTerms(p.Value.ComponentId, p.Value.Terms));

    private static async ValueTask<StoreSession> OpenAsync(
        CommandContext context,
        ParseResult arguments,
        string data,
        bool mayCreate,
        CancellationToken cancellation,
        bool isUntouched = false,
        IReadOnlyList<string>? presets = null)
    {
        MortiseHost host = CreateHost(context, arguments);
        ResolvedStack stack = host.Resolve(ReadStack(context, arguments, data, presets));
        if (!mayCreate && !(Directory.Exists(data) && Directory.EnumerateFileSystemEntries(data).Any()))
        {
            throw new BadInputException($"there is no store in '{data}'; 'mortise import' makes one");
        }

        ComposedStore composed = host.Compose(stack, data);
        IScratch? scratch = isUntouched ? composed.Composition.Scratch?.Invoke() : null;
        IStorageDirectory root = composed.Composition.Root;
        StoreComposition composition = composed.Composition with
        {
            Root = isUntouched ? new OverlayDirectory(root, scratch) : root,
            Listeners = [.. composed.Composition.Listeners, new OpeningLines(context.Console.Error)],
        };
        EventStoreOptions options = Events(composed);
        try
        {
            EventStore store = await EventStore.OpenAsync(composition, options, cancellation).ConfigureAwait(false);
            return new StoreSession(host, composed, store, options.Policy, data, scratch);
        }
        catch
        {
            scratch?.Dispose();
            throw;
        }
    }
}
