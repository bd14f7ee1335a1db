namespace Mortise.Records;

/// <summary>A record's bytes in place, borrowed from the store.</summary>
/// <remarks>Dispose exactly once, after the last use of <see cref="Bytes"/>; the span is invalid afterwards.</remarks>
public readonly ref struct RecordLease : IDisposable
{
    /// <summary>Makes a lease over bytes that stay valid until the owner is told.</summary>
    /// <param name="bytes">The record.</param>
    /// <param name="info">What else is known of it.</param>
    /// <param name="owner">Told on disposal; null when nothing has to be released.</param>
    /// <param name="token">Handed back to the owner.</param>
    public RecordLease(ReadOnlySpan<byte> bytes, RecordInfo info, IRecordLeaseOwner? owner = null, long token = 0)
    {
        Bytes = bytes;
        Info = info;
        Owner = owner;
        Token = token;
    }

    /// <summary>The record, checked against its checksum.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>What else is known of the record.</summary>
    public RecordInfo Info { get; }

    /// <summary>Who is told on disposal, for wrappers that pass a lease on as their own; null for nobody.</summary>
    public IRecordLeaseOwner? Owner { get; }

    /// <summary>What <see cref="Owner"/> is told.</summary>
    public long Token { get; }

    /// <summary>Gives the bytes back.</summary>
    public void Dispose() => Owner?.Release(Token);
}
