namespace Mortise.Relay;

/// <summary>An event as negentropy sees it.</summary>
/// <param name="CreatedAt">Seconds since 1970.</param>
/// <param name="Id">Its id.</param>
internal readonly record struct NegentropyItem(ulong CreatedAt, PublicKey Id) : IComparable<NegentropyItem>
{
    public int CompareTo(NegentropyItem other)
    {
        if (CreatedAt != other.CreatedAt)
        {
            return CreatedAt.CompareTo(other.CreatedAt);
        }

        Span<byte> a = stackalloc byte[PublicKey.Bytes];
        Span<byte> b = stackalloc byte[PublicKey.Bytes];
        Id.Write(a);
        other.Id.Write(b);
        return a.SequenceCompareTo(b);
    }
}
