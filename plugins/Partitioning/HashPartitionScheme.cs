using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO.Hashing;

namespace Mortise.Partitioning;

/// <summary>A fixed number of partitions by a hash of the key.</summary>
/// <remarks>
/// <para>The partition of a key is <c>floor(h * count / 2^64)</c>, where <c>h</c> is the 64-bit XXH3 hash of all the
/// key's bytes with seed 0, taken as an unsigned integer. Nothing else enters it: no process seed, no byte order of the
/// machine. Taking the high part of the product instead of a remainder means that doubling the count splits every
/// partition into two neighbours.</para>
/// <para>Source: Collet, xxHash 0.8 (XXH3); Lemire, "Fast Random Integer Generation in an Interval", ACM TOMACS 29(1),
/// 2019.</para>
/// </remarks>
public sealed class HashPartitionScheme : IPartitionScheme
{
    private const string Prefix = "hash-";
    private const int Digits = 4;

    /// <summary>Makes the scheme.</summary>
    /// <param name="options">The number of partitions.</param>
    /// <exception cref="ArgumentException">The count is out of range.</exception>
    public HashPartitionScheme(HashPartitionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Count, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Count, HashPartitionOptions.MaxCount, nameof(options));
        MaxPartitions = options.Count;
        Map = string.Create(CultureInfo.InvariantCulture, $"hash/xxh3-64/{options.Count}/1");
    }

    /// <inheritdoc/>
    public string Map { get; }

    /// <inheritdoc/>
    public int MaxPartitions { get; }

    /// <inheritdoc/>
    public PartitionRouting Routing => PartitionRouting.ByKey;

    /// <inheritdoc/>
    public PartitionId Locate(long ordinal, ReadOnlySpan<byte> key) =>
        new((int)Math.BigMul(XxHash3.HashToUInt64(key), (ulong)MaxPartitions, out _));

    /// <inheritdoc/>
    public OrdinalRange Bounds(PartitionId partition)
    {
        SchemeChecks.InRange(partition, MaxPartitions);
        return OrdinalRange.All;
    }

    /// <inheritdoc/>
    public string Name(PartitionId partition)
    {
        SchemeChecks.InRange(partition, MaxPartitions);
        return string.Create(CultureInfo.InvariantCulture, $"{Prefix}{partition.Value:D4}");
    }

    /// <inheritdoc/>
    public bool TryParse(ReadOnlySpan<char> name, out PartitionId partition)
    {
        partition = default;
        if (name.Length != Prefix.Length + Digits
            || !name.StartsWith(Prefix)
            || !int.TryParse(name[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            || value >= MaxPartitions)
        {
            return false;
        }

        partition = new PartitionId(value);
        return true;
    }

    /// <inheritdoc/>
    public bool Accepts(string recordedMap, [NotNullWhen(false)] out string? reason) =>
        SchemeChecks.SameMap(recordedMap, Map, out reason);
}
