using System.Diagnostics.CodeAnalysis;
using Mortise.Partitioning;
using Mortise.Reference;

namespace Mortise.Fixtures.Misbehaving;

/// <summary>One partition, told to the console at every call: noise between the verdicts.</summary>
internal sealed class PrintingScheme : IPartitionScheme
{
    private readonly SinglePartition _inner = new();

    public string Map => _inner.Map;

    public int MaxPartitions => _inner.MaxPartitions;

    public PartitionRouting Routing => _inner.Routing;

    public PartitionId Locate(long ordinal, ReadOnlySpan<byte> key) => _inner.Locate(ordinal, key);

    public OrdinalRange Bounds(PartitionId partition) => _inner.Bounds(partition);

    public string Name(PartitionId partition)
    {
        Console.WriteLine("{ \"Law\": \"PS1\", \"Verdict\": 1 }");
        return _inner.Name(partition);
    }

    public bool TryParse(ReadOnlySpan<char> name, out PartitionId partition) => _inner.TryParse(name, out partition);

    public bool Accepts(string recordedMap, [NotNullWhen(false)] out string? reason) =>
        _inner.Accepts(recordedMap, out reason);
}
