using Mortise.Engine;

namespace Mortise.Nostr;

/// <summary>How one filter will be answered.</summary>
/// <param name="filter">The filter.</param>
/// <param name="path">The keys to read; null to read all events.</param>
/// <param name="second">Other keys that the entries must also be among, or null.</param>
/// <param name="fallback">The family that has every event, for reading all.</param>
/// <param name="residual">What is checked on records.</param>
/// <param name="search">What the store's index of words makes of the filter's search; null without one.</param>
/// <param name="window">The part of the order wanted.</param>
/// <param name="estimate">About how many entries will be read; null when nobody had to know.</param>
/// <param name="considered">All paths that were offered; they end with their <see cref="PathOffers"/>.</param>
internal readonly struct FilterPlan(
    Filter filter,
    AccessPath? path,
    AccessPath? second,
    FamilyView fallback,
    FilterConditions residual,
    SearchQuery? search,
    in QueryWindow window,
    double? estimate,
    List<AccessPath> considered)
{
    public Filter Filter { get; } = filter;

    public AccessPath? Path { get; } = path;

    public AccessPath? Second { get; } = second;

    public FamilyView Fallback { get; } = fallback;

    public FilterConditions Residual { get; } = residual;

    public SearchQuery? Search { get; } = search;

    public QueryWindow Window { get; } = window;

    /// <summary>About how many entries will be read; asks the family when the planner did not have to.</summary>
    public double Estimate => estimate ?? EstimateExact();

    public IReadOnlyList<AccessPath> Considered => considered;

    /// <summary>True when the entries come in the order of results.</summary>
    public bool IsOrdered => Path is { IsPoint: false };

    private double EstimateExact() => Path is null || Path.IsPoint
        ? Path?.Count ?? 0
        : Math.Min(Path.Estimate(Window), (Filter.Limit ?? double.MaxValue) + Path.Count);
}
