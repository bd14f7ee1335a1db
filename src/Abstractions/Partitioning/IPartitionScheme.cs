using System.Diagnostics.CodeAnalysis;

namespace Mortise.Partitioning;

/// <summary>A pure, persistable function that says in which partition an index entry lives.</summary>
/// <remarks>
/// <para>Role: splits one index family into independent instances of its structure, so that a query opens few of them
/// and retention drops whole ones. An entry has an ordinal (for events: seconds since 1970) and a key.</para>
/// <para>Threads: all members from any thread; no state changes after construction. No I/O.</para>
/// <para>Laws: total (every ordinal and key has a partition, hostile values included); pure across processes, machines
/// and versions; <see cref="Bounds"/> contains every ordinal that <see cref="Locate"/> sends there; <see cref="Name"/>
/// and <see cref="TryParse"/> are inverse; the number of partitions is bounded by <see cref="MaxPartitions"/> whatever
/// is located.</para>
/// </remarks>
public interface IPartitionScheme
{
    /// <summary>What is recorded in the store's manifest: a text from which <see cref="Accepts"/> can tell whether
    /// partitions laid out by another instance of the scheme mean the same. For example
    /// <c>time/monthly/1</c>.</summary>
    string Map { get; }

    /// <summary>The most partitions that can ever exist; 1 and up.</summary>
    int MaxPartitions { get; }

    /// <summary>What <see cref="Locate"/> looks at; a lookup that knows that part opens one partition only.</summary>
    PartitionRouting Routing { get; }

    /// <summary>The partition of an entry.</summary>
    /// <param name="ordinal">Any value.</param>
    /// <param name="key">The entry's key, any length.</param>
    PartitionId Locate(long ordinal, ReadOnlySpan<byte> key);

    /// <summary>All ordinals that can be in a partition. Wide bounds are correct but slow.</summary>
    OrdinalRange Bounds(PartitionId partition);

    /// <summary>A name for the partition's directory: 1 to 64 characters of <c>[a-z0-9-]</c>, unique in the
    /// scheme.</summary>
    string Name(PartitionId partition);

    /// <summary>The partition of that name; false when the scheme has none.</summary>
    bool TryParse(ReadOnlySpan<char> name, out PartitionId partition);

    /// <summary>Whether partitions laid out under a recorded map can be used by this instance.</summary>
    /// <param name="recordedMap">The <see cref="Map"/> of the instance that laid them out.</param>
    /// <param name="reason">Why not, as a lower-case fact.</param>
    bool Accepts(string recordedMap, [NotNullWhen(false)] out string? reason);
}
