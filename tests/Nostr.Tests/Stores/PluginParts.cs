using Mortise.Caching;
using Mortise.Components;
using Mortise.Engine;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Partitioning;
using Mortise.Plugins;
using Mortise.Records;

namespace Mortise.Nostr.Tests;

/// <summary>Takes the components of plugins and makes parts of stacks of them, with options from code.</summary>
internal sealed class PluginParts : IPluginRegistrar
{
    private readonly Dictionary<string, (ComponentDescriptor Descriptor, Delegate Open)> _components = [];

    public PluginParts(params IPlugin[] plugins)
    {
        foreach (IPlugin plugin in plugins)
        {
            plugin.Register(this);
        }
    }

    public ComponentPart<T> Part<T, TOptions>(string id, TOptions options)
        where T : class, IStorageComponent
        where TOptions : class, new()
    {
        (ComponentDescriptor descriptor, Delegate open) = _components[id];
        var opener = (ComponentOpener<T, TOptions>)open;
        return new ComponentPart<T>
        {
            Identity = new ComponentIdentity
            {
                PluginId = id,
                PluginVersion = "1.0.0",
                ComponentId = id,
                FormatName = descriptor.FormatName,
                FormatVersion = descriptor.FormatVersion,
                OldestReadableFormatVersion = descriptor.OldestReadableFormatVersion,
            },
            Open = (context, cancellation) => opener(context, options, cancellation),
        };
    }

    public void AddLog<TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<IWriteAheadLog, TOptions> open, IExaminer? examiner = null)
        where TOptions : class, new() => _components.Add(descriptor.Id, (descriptor, open));

    public void AddRecordStore<TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<IRecordStore, TOptions> open, IExaminer? examiner = null)
        where TOptions : class, new() => _components.Add(descriptor.Id, (descriptor, open));

    public void AddIndexFamily<TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<IIndexFamily, TOptions> open, IExaminer? examiner = null)
        where TOptions : class, new() => _components.Add(descriptor.Id, (descriptor, open));

    public void AddCachePolicy<TOptions>(
        ComponentDescriptor descriptor, Func<TOptions, long, ulong, ICachePolicy> create)
        where TOptions : class, new()
    {
    }

    public void AddPartitionScheme<TOptions>(ComponentDescriptor descriptor, Func<TOptions, IPartitionScheme> create)
        where TOptions : class, new()
    {
    }
}
