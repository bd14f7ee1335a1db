namespace Mortise.Bench.Index;

/// <summary>An ordered map under measurement. Keys and values come from one workload.</summary>
internal interface ISubject : IDisposable
{
    string Name { get; }

    /// <summary>Writes the entries of sorted, distinct positions as one batch, without a sync.</summary>
    void Write(ReadOnlySpan<int> positions);

    /// <summary>Makes everything durable.</summary>
    void Sync();

    /// <summary>Lets background work finish, so that what is read and measured is the settled state.</summary>
    void Settle();

    /// <summary>Whether there is a state that is read faster than the settled one.</summary>
    bool CanPack => false;

    /// <summary>Brings it about.</summary>
    void Pack()
    {
    }

    /// <summary>A reader for one thread.</summary>
    IReader OpenReader();

    long DiskBytes { get; }
}

internal interface IReader : IDisposable
{
    /// <summary>Copies the value; false when absent.</summary>
    bool TryGet(ReadOnlySpan<byte> key, Span<byte> value);

    /// <summary>Reads entries from a key on, key and value bytes alike.</summary>
    /// <returns>A sum over them.</returns>
    long Scan(ReadOnlySpan<byte> from, int count);
}
