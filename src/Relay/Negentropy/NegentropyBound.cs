namespace Mortise.Relay;

/// <summary>The upper end of a range, not in it: a time and the first bytes of an id, the rest zeros.</summary>
/// <param name="CreatedAt"><see cref="Infinity"/> for the end of everything.</param>
/// <param name="Prefix">0 to 32 bytes.</param>
internal readonly record struct NegentropyBound(ulong CreatedAt, ReadOnlyMemory<byte> Prefix)
{
    public const ulong Infinity = ulong.MaxValue;

    public static NegentropyBound Zero => default;

    public static NegentropyBound End => new(Infinity, default);

    /// <summary>The shortest bound between two neighbours.</summary>
    public static NegentropyBound Between(in NegentropyItem before, in NegentropyItem after)
    {
        if (before.CreatedAt != after.CreatedAt)
        {
            return new NegentropyBound(after.CreatedAt, default);
        }

        byte[] a = new byte[PublicKey.Bytes];
        byte[] b = new byte[PublicKey.Bytes];
        before.Id.Write(a);
        after.Id.Write(b);
        int shared = a.AsSpan().CommonPrefixLength(b);
        return new NegentropyBound(after.CreatedAt, b.AsMemory(0, Math.Min(shared + 1, PublicKey.Bytes)));
    }

    /// <summary>Just before an item.</summary>
    public static NegentropyBound Before(in NegentropyItem item)
    {
        byte[] id = new byte[PublicKey.Bytes];
        item.Id.Write(id);
        return new NegentropyBound(item.CreatedAt, id);
    }

    /// <summary>Whether an item is below this bound.</summary>
    public bool IsAbove(in NegentropyItem item)
    {
        if (item.CreatedAt != CreatedAt)
        {
            return item.CreatedAt < CreatedAt;
        }

        Span<byte> id = stackalloc byte[PublicKey.Bytes];
        Span<byte> bound = stackalloc byte[PublicKey.Bytes];
        bound.Clear();
        Prefix.Span.CopyTo(bound);
        item.Id.Write(id);
        return id.SequenceCompareTo(bound) < 0;
    }
}
