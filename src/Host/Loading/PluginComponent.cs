using System.Reflection;
using Mortise.Caching;
using Mortise.Components;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Partitioning;
using Mortise.Plugins;
using Mortise.Records;

namespace Mortise.Host.Loading;

/// <summary>Opens an instance of a component with options of the component's own type.</summary>
internal delegate ValueTask<T> UntypedOpener<T>(
    ComponentContext context, object options, CancellationToken cancellation);

/// <summary>A component that a plugin registered.</summary>
public sealed class PluginComponent
{
    private Delegate? _factory;
    private Assembly? _assembly;

    internal PluginComponent(
        PluginOrigin plugin,
        Assembly assembly,
        ComponentKind kind,
        ComponentDescriptor descriptor,
        Type optionsType,
        Delegate factory,
        IExaminer? examiner)
    {
        Plugin = plugin;
        _assembly = assembly;
        Kind = kind;
        Descriptor = descriptor;
        OptionsType = optionsType;
        _factory = factory;
        Examiner = examiner;
    }

    /// <summary>Who registered it.</summary>
    public PluginOrigin Plugin { get; }

    /// <summary>The contract it implements.</summary>
    public ComponentKind Kind { get; }

    /// <summary>What it is called and what it is.</summary>
    public ComponentDescriptor Descriptor { get; }

    /// <summary>The class of its options.</summary>
    public Type OptionsType { get; private set; }

    /// <summary>Checks its files, or null.</summary>
    public IExaminer? Examiner { get; private set; }

    /// <summary>What is recorded in a store's manifest.</summary>
    public ComponentIdentity Identity => new()
    {
        PluginId = Plugin.Id,
        PluginVersion = Plugin.Version.ToNormalizedString(),
        ComponentId = Descriptor.Id,
        FormatName = Descriptor.FormatName,
        FormatVersion = Descriptor.FormatVersion,
        OldestReadableFormatVersion = Descriptor.OldestReadableFormatVersion,
    };

    internal UntypedOpener<IWriteAheadLog> LogOpener => (UntypedOpener<IWriteAheadLog>)Factory;

    internal UntypedOpener<IRecordStore> RecordsOpener => (UntypedOpener<IRecordStore>)Factory;

    internal UntypedOpener<IIndexFamily> IndexOpener => (UntypedOpener<IIndexFamily>)Factory;

    internal Func<object, long, ulong, ICachePolicy> CacheFactory => (Func<object, long, ulong, ICachePolicy>)Factory;

    internal Func<object, IPartitionScheme> PartitionFactory => (Func<object, IPartitionScheme>)Factory;

    internal Func<object, ITermProjection> ProjectionFactory => (Func<object, ITermProjection>)Factory;

    /// <summary>The plugin's assembly.</summary>
    internal Assembly Assembly => _assembly ?? throw Unloaded();

    private Delegate Factory => _factory ?? throw Unloaded();

    private ObjectDisposedException Unloaded() =>
        new(Descriptor.Id, $"component {Descriptor.Id} was unloaded with plugin {Plugin}");

    /// <summary>Forgets the plugin's code and types.</summary>
    internal void Retire()
    {
        _factory = null;
        _assembly = null;
        Examiner = null;
        OptionsType = typeof(object);
    }
}
