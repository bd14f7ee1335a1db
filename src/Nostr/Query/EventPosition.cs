namespace Mortise.Nostr;

/// <summary>A place in the order of results, for resuming: the last event that was seen.</summary>
public sealed class EventPosition
{
    private readonly byte[] _id;

    /// <summary>Makes a position.</summary>
    /// <param name="createdAt">The event's <c>created_at</c>, 0 and up.</param>
    /// <param name="id">The event's id, 32 bytes; copied.</param>
    public EventPosition(long createdAt, ReadOnlySpan<byte> id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(createdAt);
        ArgumentOutOfRangeException.ThrowIfNotEqual(id.Length, IdSet.ValueBytes);
        CreatedAt = createdAt;
        _id = id.ToArray();
    }

    /// <summary>The event's <c>created_at</c>.</summary>
    public long CreatedAt { get; }

    /// <summary>The event's id.</summary>
    public ReadOnlySpan<byte> Id => _id;

    internal OrderKey Order => OrderKey.Of(CreatedAt, _id);
}
