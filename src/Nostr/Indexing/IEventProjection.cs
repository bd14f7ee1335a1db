using Mortise.Indexing;

namespace Mortise.Nostr;

/// <summary>A projection of events that also says which filters its keys answer.</summary>
/// <remarks>
/// <para>Role: what the planner knows of a family. A plugin adds its own; the bundled ones are in
/// <see cref="EventProjections"/>.</para>
/// <para>Keys: with <see cref="LocationPlacement.InKey"/> each is a prefix and then the 16 bytes of the order, so that
/// a range with one prefix is newest first; with <see cref="LocationPlacement.InValue"/> a whole key names one
/// event.</para>
/// <para>Law: for every filter and every offered path, each event that meets the path's conditions has a key with one
/// of its prefixes, and each event with such a key meets them.</para>
/// <para>Threads: any; no state.</para>
/// </remarks>
public interface IEventProjection : IKeyProjection
{
    /// <summary>Offers the ways in which this projection's keys answer a filter; none is fine.</summary>
    /// <param name="filter">The filter.</param>
    /// <param name="offers">Receives the ways.</param>
    void Offer(Filter filter, PathOffers offers);
}
