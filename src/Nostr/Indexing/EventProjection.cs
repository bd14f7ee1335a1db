using Mortise.Indexing;
using Mortise.Primitives;

namespace Mortise.Nostr;

/// <summary>What the bundled projections share: the record is opened once, and keys are built in one buffer.</summary>
internal abstract class EventProjection(string name, LocationPlacement placement, int maxKeyBytes) : IEventProjection
{
    public string Name { get; } = name;

    public virtual int FormatVersion => 1;

    public LocationPlacement Placement { get; } = placement;

    public int MaxKeyBytes { get; } = maxKeyBytes;

    public void Project(ReadOnlySpan<byte> record, IKeySink sink)
    {
        Span<byte> key = stackalloc byte[MaxKeyBytes];
        EventView view = EventView.Open(record);
        Project(view, key, sink);
    }

    public abstract void Offer(Filter filter, PathOffers offers);

    /// <summary>Emits the keys of an event.</summary>
    /// <param name="event">The event.</param>
    /// <param name="key">A buffer of <see cref="MaxKeyBytes"/>.</param>
    /// <param name="sink">Receives the keys.</param>
    protected abstract void Project(in EventView @event, Span<byte> key, IKeySink sink);

    /// <summary>Ends a key of a newest-first projection with the order, and emits it.</summary>
    protected static void EmitOrdered(in EventView @event, Span<byte> key, int prefixLength, IKeySink sink)
    {
        Invariant.Holds(key.Length - prefixLength >= OrderKey.Bytes);
        OrderKey.Of(@event.CreatedAt, @event.Id).Write(key[prefixLength..]);
        sink.Emit(@event.CreatedAt, key[..(prefixLength + OrderKey.Bytes)]);
    }
}
