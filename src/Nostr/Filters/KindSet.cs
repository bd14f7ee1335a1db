namespace Mortise.Nostr;

/// <summary>A set of event kinds, ascending.</summary>
/// <remarks>Immutable; any thread.</remarks>
public sealed class KindSet : IEquatable<KindSet>
{
    private readonly ushort[] _kinds;

    private KindSet(ushort[] kinds) => _kinds = kinds;

    /// <summary>Number of distinct kinds.</summary>
    public int Count => _kinds.Length;

    /// <summary>A kind by its rank.</summary>
    public int this[int index] => _kinds[index];

    /// <summary>Makes a set.</summary>
    /// <param name="kinds">Each 0 to 65,535; any order, duplicates allowed.</param>
    /// <exception cref="ArgumentOutOfRangeException">A kind is outside these bounds.</exception>
    public static KindSet Of(params ReadOnlySpan<int> kinds)
    {
        var sorted = new SortedSet<ushort>();
        foreach (int kind in kinds)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(kind, nameof(kinds));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(kind, ushort.MaxValue, nameof(kinds));
            sorted.Add((ushort)kind);
        }

        return new KindSet([.. sorted]);
    }

    /// <summary>True when the kind is in the set.</summary>
    public bool Contains(int kind) =>
        (uint)kind <= ushort.MaxValue
        && (_kinds.Length <= 8
            ? _kinds.AsSpan().Contains((ushort)kind)
            : Array.BinarySearch(_kinds, (ushort)kind) >= 0);

    /// <inheritdoc/>
    public bool Equals(KindSet? other) => other is not null && _kinds.AsSpan().SequenceEqual(other._kinds);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as KindSet);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (ushort kind in _kinds)
        {
            hash.Add(kind);
        }

        return hash.ToHashCode();
    }
}
