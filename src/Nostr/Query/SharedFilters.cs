namespace Mortise.Nostr;

/// <summary>Makes fewer filters of those of one request, with the same union of results.</summary>
/// <remarks>
/// Two filters that differ in their limits only are the one with the larger limit. Two without limit that differ in one
/// of ids, authors and kinds only are one with both sets; with a limit they are not, because each takes its own.
/// </remarks>
internal static class SharedFilters
{
    // Comparing each with each is for requests that people write; longer ones are answered as they are.
    private const int MaxCompared = 64;

    /// <summary>The filters to answer; empty ones are left out.</summary>
    /// <param name="filters">Of one request.</param>
    /// <param name="kept">Empty; where they are put when they are others.</param>
    public static IReadOnlyList<Filter> Of(IReadOnlyList<Filter> filters, List<Filter> kept)
    {
        if (filters.Count == 1 && !filters[0].IsEmpty)
        {
            return filters;
        }

        for (int i = 0; i < filters.Count; i++)
        {
            if (!filters[i].IsEmpty && (filters.Count > MaxCompared || !TryJoin(kept, filters[i])))
            {
                kept.Add(filters[i]);
            }
        }

        return kept;
    }

    private static bool TryJoin(List<Filter> kept, Filter filter)
    {
        for (int i = 0; i < kept.Count; i++)
        {
            if (ReferenceEquals(kept[i], filter))
            {
                return true;
            }

            if (Join(kept[i], filter) is { } joined)
            {
                kept[i] = joined;
                return true;
            }
        }

        return false;
    }

    private static Filter? Join(Filter a, Filter b)
    {
        if (a.Since != b.Since || a.Until != b.Until || a.Search != b.Search || !HaveEqualTags(a, b))
        {
            return null;
        }

        bool sameIds = Equals(a.Ids, b.Ids);
        bool sameAuthors = Equals(a.Authors, b.Authors);
        bool sameKinds = Equals(a.Kinds, b.Kinds);
        if (sameIds && sameAuthors && sameKinds)
        {
            return a.Limit is not int one || b.Limit is not int other
                ? a.WithLimit(null)
                : a.WithLimit(Math.Max(one, other));
        }

        if (a.Limit is not null || b.Limit is not null || a.Search is not null)
        {
            return null;
        }

        bool joinsIds = !sameIds && sameAuthors && sameKinds && a.Ids is not null && b.Ids is not null;
        bool joinsAuthors = sameIds && !sameAuthors && sameKinds && a.Authors is not null && b.Authors is not null;
        bool joinsKinds = sameIds && sameAuthors && !sameKinds && a.Kinds is not null && b.Kinds is not null;
        if (!joinsIds && !joinsAuthors && !joinsKinds)
        {
            return null;
        }

        return new Filter
        {
            Ids = joinsIds ? Union(a.Ids!, b.Ids!) : a.Ids,
            Authors = joinsAuthors ? Union(a.Authors!, b.Authors!) : a.Authors,
            Kinds = joinsKinds ? Union(a.Kinds!, b.Kinds!) : a.Kinds,
            Tags = a.Tags,
            Since = a.Since,
            Until = a.Until,
        };
    }

    private static bool HaveEqualTags(Filter a, Filter b)
    {
        if (a.TagSpan.Length != b.TagSpan.Length)
        {
            return false;
        }

        for (int i = 0; i < a.TagSpan.Length; i++)
        {
            if (!a.TagSpan[i].Equals(b.TagSpan[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static IdSet Union(IdSet a, IdSet b)
    {
        byte[] all = new byte[(a.Count + b.Count) * IdSet.ValueBytes];
        for (int i = 0; i < a.Count; i++)
        {
            a[i].CopyTo(all.AsSpan(i * IdSet.ValueBytes));
        }

        for (int i = 0; i < b.Count; i++)
        {
            b[i].CopyTo(all.AsSpan((a.Count + i) * IdSet.ValueBytes));
        }

        return IdSet.FromBytes(all);
    }

    private static KindSet Union(KindSet a, KindSet b)
    {
        int[] all = new int[a.Count + b.Count];
        for (int i = 0; i < all.Length; i++)
        {
            all[i] = i < a.Count ? a[i] : b[i - a.Count];
        }

        return KindSet.Of(all);
    }
}
