using System.Diagnostics.CodeAnalysis;
using Mortise.Partitioning;

namespace Mortise.Fixtures.Leaky;

/// <summary>How a scheme throws.</summary>
public enum Throwing
{
    Plainly = 1,
    Wrapped = 2,
    Awaited = 3,
    FromTheRuntime = 4,
    Allowed = 5,
}

public sealed class ThrowingOptions
{
    public Throwing Throwing { get; set; } = Throwing.Plainly;
}

/// <summary>One partition that nobody gets to.</summary>
internal sealed class ThrowingScheme(ThrowingOptions options) : IPartitionScheme
{
    public string Map => "throwing/1";

    public int MaxPartitions => 1;

    public PartitionRouting Routing => PartitionRouting.Nothing;

    public PartitionId Locate(long ordinal, ReadOnlySpan<byte> key) => options.Throwing switch
    {
        Throwing.Plainly => throw new FormatException("no such place"),
        Throwing.Wrapped => Wrap(),
        Throwing.Awaited => ThrowAsync().GetAwaiter().GetResult(),
        Throwing.FromTheRuntime => new List<PartitionId>()[(int)(ordinal & 1) + 7],
        _ => throw new StorageException(StorageErrorCode.LimitExceeded, "allowed"),
    };

    public OrdinalRange Bounds(PartitionId partition) => OrdinalRange.All;

    public string Name(PartitionId partition) => "all";

    public bool TryParse(ReadOnlySpan<char> name, out PartitionId partition)
    {
        partition = default;
        return name is "all";
    }

    public bool Accepts(string recordedMap, [NotNullWhen(false)] out string? reason)
    {
        reason = null;
        return true;
    }

    private static PartitionId Wrap()
    {
        try
        {
            throw new FormatException("no such place");
        }
        catch (FormatException e)
        {
            throw new AggregateException("several", new InvalidOperationException("outer", e));
        }
    }

    private static async Task<PartitionId> ThrowAsync()
    {
        await Task.Yield();
        throw new FormatException("no such place");
    }
}
