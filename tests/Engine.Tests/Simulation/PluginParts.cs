using Mortise.Caching;
using Mortise.Components;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Partitioning;
using Mortise.Plugins;
using Mortise.Records;

namespace Mortise.Engine.Tests;

/// <summary>Collects a plugin's components as engine parts, with options that a test sets.</summary>
internal sealed class PluginParts : IPluginRegistrar
{
    private readonly Action<object> _configure;

    private PluginParts(Action<object> configure) => _configure = configure;

    public ComponentPart<IWriteAheadLog>? Log { get; private set; }

    public ComponentPart<IRecordStore>? Records { get; private set; }

    public ComponentPart<IIndexFamily>? Index { get; private set; }

    public Dictionary<string, IPartitionScheme> Schemes { get; } = [];

    public static PluginParts Of(IPlugin plugin, Action<object>? configure = null)
    {
        var parts = new PluginParts(configure ?? (static _ => { }));
        plugin.Register(parts);
        return parts;
    }

    public void AddLog<TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<IWriteAheadLog, TOptions> open, IExaminer? examiner = null)
        where TOptions : class, new() => Log = Part(descriptor, open, examiner);

    public void AddRecordStore<TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<IRecordStore, TOptions> open, IExaminer? examiner = null)
        where TOptions : class, new() => Records = Part(descriptor, open, examiner);

    public void AddIndexFamily<TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<IIndexFamily, TOptions> open, IExaminer? examiner = null)
        where TOptions : class, new() => Index = Part(descriptor, open, examiner);

    public void AddCachePolicy<TOptions>(ComponentDescriptor descriptor, Func<TOptions, long, ulong, ICachePolicy> create)
        where TOptions : class, new()
    {
        // Simulations run without a cache grant.
    }

    public void AddPartitionScheme<TOptions>(ComponentDescriptor descriptor, Func<TOptions, IPartitionScheme> create)
        where TOptions : class, new() => Schemes[descriptor.Id] = create(Options<TOptions>());

    public void AddTermProjection<TOptions>(ComponentDescriptor descriptor, Func<TOptions, ITermProjection> create)
        where TOptions : class, new()
    {
        // The engine is given projections by the domain.
    }

    private ComponentPart<T> Part<T, TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<T, TOptions> open, IExaminer? examiner)
        where T : class, IStorageComponent
        where TOptions : class, new() => new()
        {
            Identity = new ComponentIdentity
            {
                PluginId = descriptor.Id,
                PluginVersion = "1.0.0",
                ComponentId = descriptor.Id,
                FormatName = descriptor.FormatName,
                FormatVersion = descriptor.FormatVersion,
                OldestReadableFormatVersion = descriptor.OldestReadableFormatVersion,
            },
            Open = (context, cancellation) => open(context, Options<TOptions>(), cancellation),
            Examiner = examiner,
        };

    private TOptions Options<TOptions>()
        where TOptions : class, new()
    {
        var options = new TOptions();
        _configure(options);
        return options;
    }
}
