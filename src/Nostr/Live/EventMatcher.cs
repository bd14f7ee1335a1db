namespace Mortise.Nostr;

/// <summary>Tells whether events meet any of some filters, searches included, as the store's queries understand
/// them.</summary>
/// <remarks>Threads: one at a time; matching a search writes into the matcher. No allocation.</remarks>
public sealed class EventMatcher
{
    private readonly (Filter Filter, SearchQuery? Search)[] _filters;

    internal EventMatcher(IReadOnlyList<Filter> filters, TermIndexProjection? terms) => _filters =
    [
        .. filters.Select(f => (f, f.Search is null || terms is null ? null : new SearchQuery(terms, f.Search))),
    ];

    /// <summary>True when the event meets one of the filters. Limits do not count.</summary>
    public bool Matches(in EventView @event)
    {
        foreach ((Filter filter, SearchQuery? search) in _filters)
        {
            if (FilterMatch.Matches(filter, filter.Conditions, @event, search))
            {
                return true;
            }
        }

        return false;
    }
}
