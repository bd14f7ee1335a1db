using System.Text;
using Mortise.Engine;
using Mortise.Indexing;

namespace Mortise.Nostr;

/// <summary>A filter's search as the store's index of words understands it: terms that an event must have, all of
/// them.</summary>
/// <remarks>One thread at a time: matching keeps notes here.</remarks>
internal sealed class SearchQuery : ITermSink
{
    /// <summary>The most terms of a search; further ones are refused.</summary>
    public const int MaxTerms = 64;

    private readonly List<byte[]> _terms = [];
    private readonly bool _isParsing = true;
    private ulong _missing;

    /// <exception cref="ArgumentException">The search has more than <see cref="MaxTerms"/> terms.</exception>
    public SearchQuery(TermIndexProjection projection, string search)
    {
        Projection = projection;
        projection.Terms.Parse(Encoding.UTF8.GetBytes(search), this);
        _isParsing = false;
    }

    public TermIndexProjection Projection { get; }

    /// <summary>A condition for each of the first terms, and one for all when there are more.</summary>
    public FilterConditions Conditions
    {
        get
        {
            FilterConditions all = _terms.Count > FilterConditions.MaxWords
                ? FilterConditions.Search
                : FilterConditions.None;
            for (int i = 0; i < Math.Min(_terms.Count, FilterConditions.MaxWords); i++)
            {
                all |= FilterConditions.Word(i);
            }

            return all;
        }
    }

    /// <summary>A search for the first of the families that is an index of words; null when none is.</summary>
    public static SearchQuery? Of(IReadOnlyList<FamilyView> families, string search) =>
        FindProjection(families) is { } projection ? new SearchQuery(projection, search) : null;

    /// <summary>The first index of words, or null.</summary>
    public static TermIndexProjection? FindProjection(IReadOnlyList<FamilyView> families)
    {
        for (int i = 0; i < families.Count; i++)
        {
            if (families[i].Projection is TermIndexProjection projection)
            {
                return projection;
            }
        }

        return null;
    }

    /// <summary>Offers a path for each of the first terms.</summary>
    public void Offer(PathOffers offers)
    {
        Span<byte> prefix = stackalloc byte[Projection.MaxKeyBytes];
        for (int i = 0; i < Math.Min(_terms.Count, FilterConditions.MaxWords); i++)
        {
            offers.TryBegin(FilterConditions.Word(i), 1);
            offers.Name($"'{Encoding.UTF8.GetString(_terms[i])}' ");
            offers.Add(prefix[..TermIndexProjection.WritePrefix(_terms[i], prefix)]);
        }
    }

    /// <summary>True when an event has every term.</summary>
    public bool IsMetBy(in EventView @event)
    {
        _missing = _terms.Count == MaxTerms ? ulong.MaxValue : (1UL << _terms.Count) - 1;
        if (_missing != 0)
        {
            Span<byte> kind = stackalloc byte[EventFields.KindBytes];
            Projection.Terms.Project(new EventFields(@event, kind), this);
        }

        return _missing == 0;
    }

    public void Emit(ReadOnlySpan<byte> term)
    {
        if (_isParsing)
        {
            Add(term);
            return;
        }

        for (int i = 0; _missing != 0 && i < _terms.Count; i++)
        {
            if (term.SequenceEqual(_terms[i]))
            {
                _missing &= ~(1UL << i);
            }
        }
    }

    private void Add(ReadOnlySpan<byte> term)
    {
        Projection.Check(term);
        foreach (byte[] known in _terms)
        {
            if (term.SequenceEqual(known))
            {
                return;
            }
        }

        if (_terms.Count == MaxTerms)
        {
            throw new ArgumentException($"a search of more than {MaxTerms} different words");
        }

        _terms.Add(term.ToArray());
    }
}
