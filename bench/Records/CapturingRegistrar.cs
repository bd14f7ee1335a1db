using Mortise.Caching;
using Mortise.Components;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Partitioning;
using Mortise.Plugins;
using Mortise.Records;

namespace Mortise.Bench.Records;

/// <summary>Takes the record store out of a plugin.</summary>
internal sealed class CapturingRegistrar : IPluginRegistrar
{
    public Func<ComponentContext, Action<object>, ValueTask<IRecordStore>>? Open { get; private set; }

    public void AddRecordStore<TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<IRecordStore, TOptions> open, IExaminer? examiner = null)
        where TOptions : class, new() =>
        Open = (context, configure) =>
        {
            var options = new TOptions();
            configure(options);
            return open(context, options, default);
        };

    public void AddLog<TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<IWriteAheadLog, TOptions> open, IExaminer? examiner = null)
        where TOptions : class, new()
    {
    }

    public void AddIndexFamily<TOptions>(
        ComponentDescriptor descriptor, ComponentOpener<IIndexFamily, TOptions> open, IExaminer? examiner = null)
        where TOptions : class, new()
    {
    }

    public void AddCachePolicy<TOptions>(ComponentDescriptor descriptor, Func<TOptions, long, ulong, ICachePolicy> create)
        where TOptions : class, new()
    {
    }

    public void AddPartitionScheme<TOptions>(ComponentDescriptor descriptor, Func<TOptions, IPartitionScheme> create)
        where TOptions : class, new()
    {
    }
}
