using System.Reflection;
using Mortise.Caching;
using Mortise.Components;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Partitioning;
using Mortise.Plugins;
using Mortise.Records;

namespace Mortise.Host.Loading;

/// <summary>Collects what a plugin registers. Closed when <see cref="IPlugin.Register"/> returns.</summary>
internal sealed class ComponentRegistrar(PluginOrigin plugin, Assembly assembly) : IPluginRegistrar
{
    private readonly List<PluginComponent> _components = [];
    private bool _closed;

    public IReadOnlyList<PluginComponent> Close()
    {
        _closed = true;
        return _components;
    }

    public void AddLog<TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<IWriteAheadLog, TOptions> open, IExaminer? examiner = null)
        where TOptions : class, new() => AddOpened(ComponentKind.Log, descriptor, open, examiner);

    public void AddRecordStore<TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<IRecordStore, TOptions> open, IExaminer? examiner = null)
        where TOptions : class, new() => AddOpened(ComponentKind.Records, descriptor, open, examiner);

    public void AddIndexFamily<TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<IIndexFamily, TOptions> open, IExaminer? examiner = null)
        where TOptions : class, new() => AddOpened(ComponentKind.Index, descriptor, open, examiner);

    public void AddCachePolicy<TOptions>(
        ComponentDescriptor descriptor, Func<TOptions, long, ulong, ICachePolicy> create)
        where TOptions : class, new()
    {
        ArgumentNullException.ThrowIfNull(create);
        Func<object, long, ulong, ICachePolicy> untyped =
            (options, capacity, seed) => create((TOptions)options, capacity, seed);
        Add(ComponentKind.Cache, descriptor, typeof(TOptions), untyped, null);
    }

    public void AddPartitionScheme<TOptions>(ComponentDescriptor descriptor, Func<TOptions, IPartitionScheme> create)
        where TOptions : class, new()
    {
        ArgumentNullException.ThrowIfNull(create);
        Func<object, IPartitionScheme> untyped = options => create((TOptions)options);
        Add(ComponentKind.Partition, descriptor, typeof(TOptions), untyped, null);
    }

    public void AddTermProjection<TOptions>(ComponentDescriptor descriptor, Func<TOptions, ITermProjection> create)
        where TOptions : class, new()
    {
        ArgumentNullException.ThrowIfNull(create);
        Func<object, ITermProjection> untyped = options => create((TOptions)options);
        Add(ComponentKind.Projection, descriptor, typeof(TOptions), untyped, null);
    }

    private void AddOpened<T, TOptions>(
        ComponentKind kind, ComponentDescriptor descriptor, ComponentOpener<T, TOptions> open, IExaminer? examiner)
        where TOptions : class, new()
    {
        ArgumentNullException.ThrowIfNull(open);
        UntypedOpener<T> untyped = (context, options, cancellation) => open(context, (TOptions)options, cancellation);
        Add(kind, descriptor, typeof(TOptions), untyped, examiner);
    }

    private void Add(
        ComponentKind kind, ComponentDescriptor descriptor, Type options, Delegate factory, IExaminer? examiner)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        if (_closed)
        {
            throw new InvalidOperationException("components are registered during Register only");
        }

        if (_components.Any(c => string.Equals(c.Descriptor.Id, descriptor.Id, StringComparison.Ordinal)))
        {
            throw new ArgumentException($"component '{descriptor.Id}' is registered twice", nameof(descriptor));
        }

        _components.Add(new PluginComponent(plugin, assembly, kind, descriptor, options, factory, examiner));
    }
}
