using Mortise.Engine;
using Mortise.Indexing;
using Mortise.Primitives;

namespace Mortise.Nostr;

/// <summary>Receives the access paths that projections offer for one filter.</summary>
/// <remarks>One thread at a time.</remarks>
public sealed class PathOffers
{
    /// <summary>The most key ranges of one path.</summary>
    public const int MaxRanges = 4096;

    // Paths that ended and are begun again; a filter has fewer in nearly all stacks.
    private const int MaxSpare = 32;

    private readonly List<AccessPath> _paths = [];
    private readonly List<AccessPath> _spare = [];
    private FamilyView? _family;
    private IEventProjection? _projection;
    private AccessPath? _current;

    internal PathOffers()
    {
    }

    internal List<AccessPath> Paths => _paths;

    /// <summary>Begins a path.</summary>
    /// <param name="decides">What the keys decide, besides time, which newest-first keys always decide.</param>
    /// <param name="ranges">How many prefixes will be added, as a product may be large.</param>
    /// <returns>False when there are too many or none; then offer something else.</returns>
    public bool TryBegin(FilterConditions decides, long ranges)
    {
        if (ranges is <= 0 or > MaxRanges)
        {
            _current = null;
            return false;
        }

        bool isPoint = _projection!.Placement == LocationPlacement.InValue;
        _current = TakeSpare();
        _paths.Add(_current);
        _current.Begin(_family!, isPoint ? decides : decides | FilterConditions.Time, isPoint, (int)ranges);
        return true;
    }

    /// <summary>Adds a key prefix to the path, or a whole key.</summary>
    /// <param name="prefix">Copied. Prefixes of one path are distinct and none begins another.</param>
    public void Add(ReadOnlySpan<byte> prefix)
    {
        Invariant.Holds(_current is not null);
        _current.Add(prefix);
    }

    /// <summary>Says what the path's prefixes stand for, for people.</summary>
    internal void Name(string label) => _current!.Label = label;

    /// <summary>What one projection offers, whatever family it might be in.</summary>
    internal static List<AccessPath> Of(IEventProjection projection, Filter filter)
    {
        var offers = new PathOffers { _projection = projection };
        projection.Offer(filter, offers);
        return offers.Paths;
    }

    internal void Collect(FamilyView family, Filter filter, SearchQuery? search)
    {
        if (family.Projection is not IEventProjection projection)
        {
            return;
        }

        _family = family;
        _projection = projection;
        _current = null;
        if (projection is not TermIndexProjection terms)
        {
            projection.Offer(filter, this);
        }
        else if (search is not null && search.Projection == terms)
        {
            // Of several indexes of words one says what words are.
            search.Offer(this);
        }
    }

    /// <summary>Ends all paths: others may be offered.</summary>
    internal void End()
    {
        foreach (AccessPath path in _paths)
        {
            path.End();
            if (_spare.Count < MaxSpare)
            {
                _spare.Add(path);
            }
        }

        _paths.Clear();
        _family = null;
        _projection = null;
        _current = null;
    }

    private AccessPath TakeSpare()
    {
        if (_spare.Count == 0)
        {
            return new AccessPath();
        }

        AccessPath path = _spare[^1];
        _spare.RemoveAt(_spare.Count - 1);
        return path;
    }
}
