using Mortise.Caching;
using Mortise.Components;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Plugins;

namespace Mortise.Host.Tests.Composition;

public enum SampleMode
{
    Plain = 1,
    ReadAhead = 2,
}

public sealed class SampleOptions : IValidatedOptions
{
    public ByteSize PageSize { get; set; } = ByteSize.KiB(8);

    public int Depth { get; set; } = 3;

    public double Ratio { get; set; } = 0.5;

    public bool Eager { get; set; }

    public string Label { get; set; } = "none";

    public SampleMode Mode { get; set; } = SampleMode.Plain;

    public TimeSpan Linger { get; set; } = TimeSpan.FromSeconds(5);

    public IReadOnlyList<int> Levels { get; set; } = [1, 2];

    public IEnumerable<OptionProblem> Validate()
    {
        if (PageSize.Bytes is < 4096 or > 65536)
        {
            yield return new OptionProblem(nameof(PageSize), "must be 4KiB to 64KiB");
        }

        if (Depth > 10)
        {
            yield return new OptionProblem(nameof(Depth), "must be at most 10");
        }
    }
}

public sealed class SampleNoOptions;

/// <summary>Components that exist only to be found, configured and fail on request.</summary>
public sealed class SamplePlugin : IPlugin
{
    public Func<ComponentContext, SampleOptions, IIndexFamily> OpenIndex { get; init; } =
        static (_, _) => throw new InvalidCastException("no such index");

    /// <summary>What components say of others, by id; each list may be null.</summary>
    public Dictionary<string, (string[]? Offers, string[]? Requires, string[]? Prefers, string[]? Conflicts)> Says { get; } = [];

    public void Register(IPluginRegistrar registrar)
    {
        registrar.AddLog<SampleNoOptions>(
            Named("sample.log"), static (_, _, _) => throw new StorageException(StorageErrorCode.Corrupt, "a bad log"));
        registrar.AddRecordStore<SampleOptions>(
            Named("sample.records"), static async (_, _, _) =>
            {
                await Task.Yield();
                throw new FormatException("late");
            });
        registrar.AddIndexFamily<SampleOptions>(
            Named("sample.index"), (context, options, _) => ValueTask.FromResult(OpenIndex(context, options)));
        registrar.AddCachePolicy<SampleNoOptions>(Named("sample.cache"), static (_, capacity, _) => new Policy(capacity));
        registrar.AddPartitionScheme<SampleNoOptions>(Named("sample.partition"), static _ => new Whole());
        registrar.AddTermProjection<SampleOptions>(Named("sample.terms"), static options => new Terms(options));
        registrar.AddPartitionScheme<SampleNoOptions>(
            Named("sample.broken-partition"), static _ => throw new NotSupportedException("never"));
    }

    private ComponentDescriptor Named(string id)
    {
        (string[]? offers, string[]? requires, string[]? prefers, string[]? conflicts) = Says.GetValueOrDefault(id);
        return new ComponentDescriptor
        {
            Id = id,
            Summary = "a sample",
            Offers = offers ?? [],
            Requires = requires ?? [],
            Prefers = prefers ?? [],
            Conflicts = conflicts ?? [],
        };
    }

    private sealed class Policy(long capacity) : ICachePolicy
    {
        public string Name => "sample";

        public long CapacityBytes => capacity;

        public long WeightBytes => 0;

        public int Count => 0;

        public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
        {
        }

        public void Touch(ReadOnlySpan<CacheSlot> slots)
        {
        }

        public void Remove(CacheSlot slot)
        {
        }

        public void SetPinned(CacheSlot slot, bool pinned)
        {
        }

        public bool TryEvict(out CacheSlot victim)
        {
            victim = default;
            return false;
        }

        public void Resize(long capacityBytes)
        {
        }
    }

    public sealed class Terms(SampleOptions options) : ITermProjection
    {
        public int FormatVersion => options.Depth;

        public int MaxTermBytes => 8;

        public void Project<TRecord>(in TRecord record, ITermSink sink)
            where TRecord : IRecordFields, allows ref struct
        {
        }

        public void Parse(ReadOnlySpan<byte> search, ITermSink sink)
        {
        }
    }

    private sealed class Whole : IPartitionScheme
    {
        public string Map => "whole";

        public int MaxPartitions => 1;

        public PartitionRouting Routing => PartitionRouting.Nothing;

        public PartitionId Locate(long ordinal, ReadOnlySpan<byte> key) => default;

        public OrdinalRange Bounds(PartitionId partition) => OrdinalRange.All;

        public string Name(PartitionId partition) => "all";

        public bool TryParse(ReadOnlySpan<char> name, out PartitionId partition)
        {
            partition = default;
            return name is "all";
        }

        public bool Accepts(string recordedMap, [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out string? reason)
        {
            reason = null;
            return true;
        }
    }
}
