using System.Diagnostics.CodeAnalysis;
using Mortise.Indexing;

namespace Mortise.Engine;

/// <summary>The distinct keys of one record in one family.</summary>
internal sealed class KeySet : IKeySink
{
    private readonly HashSet<byte[]> _keys = new(new ByBytes());
    private readonly HashSet<byte[]>.AlternateLookup<ReadOnlySpan<byte>> _lookup;

    public KeySet() => _lookup = _keys.GetAlternateLookup<ReadOnlySpan<byte>>();

    public int Count => _keys.Count;

    public IReadOnlyCollection<byte[]> Keys => _keys;

    /// <summary>Replaces the content by the keys of a record.</summary>
    public KeySet Of(IKeyProjection projection, ReadOnlySpan<byte> record)
    {
        _keys.Clear();
        projection.Project(record, this);
        return this;
    }

    /// <inheritdoc/>
    public void Emit(long ordinal, ReadOnlySpan<byte> key) => _lookup.Add(key);

    public bool Contains(ReadOnlySpan<byte> key) => _lookup.Contains(key);

    private sealed class ByBytes : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = default(HashCode);
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
