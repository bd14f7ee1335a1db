using System.Buffers.Binary;

namespace Mortise.Bench.Measuring;

/// <summary>A digest of results in their order: two engines that agree in it answered alike.</summary>
internal struct QueryDigest()
{
    public ulong Value { get; private set; } = 0xcbf29ce484222325;

    /// <summary>Takes a result's id.</summary>
    public void Add(ReadOnlySpan<byte> id) =>
        Value = (Value ^ BinaryPrimitives.ReadUInt64LittleEndian(id)) * 0x100000001b3;
}
