namespace Mortise.Nostr;

/// <summary>Checks an event against some of a filter's conditions. Allocates nothing.</summary>
internal static class FilterMatch
{
    /// <summary>True when the event meets those conditions of the filter that are in <paramref
    /// name="check"/>.</summary>
    /// <param name="filter">The filter.</param>
    /// <param name="check">What to check.</param>
    /// <param name="event">The event.</param>
    /// <param name="search">What the store's index of words makes of the filter's search; null for
    /// <see cref="SearchWords"/>.</param>
    public static bool Matches(
        Filter filter, FilterConditions check, in EventView @event, SearchQuery? search = null)
    {
        if (check.Overlaps(FilterConditions.Kinds) && filter.Kinds is { } kinds && !kinds.Contains(@event.Kind))
        {
            return false;
        }

        if (check.Overlaps(FilterConditions.Time)
            && (@event.CreatedAt < (filter.Since ?? 0) || @event.CreatedAt > (filter.Until ?? long.MaxValue)))
        {
            return false;
        }

        if (check.Overlaps(FilterConditions.Authors)
            && filter.Authors is { } authors
            && !authors.Contains(@event.PublicKey))
        {
            return false;
        }

        if (check.Overlaps(FilterConditions.Ids) && filter.Ids is { } ids && !ids.Contains(@event.Id))
        {
            return false;
        }

        return MatchesTags(filter, check, @event)
            && (!check.Overlaps(FilterConditions.AnyWord)
                || filter.Search is null
                || (search?.IsMetBy(@event) ?? SearchWords.ContainsAll(@event.Content, filter.Search)));
    }

    private static bool MatchesTags(Filter filter, FilterConditions check, in EventView @event)
    {
        ulong wanted = 0;
        ReadOnlySpan<TagCondition> conditions = filter.TagSpan;
        for (int i = 0; i < conditions.Length; i++)
        {
            if (check.Overlaps(FilterConditions.Tag(conditions[i].Letter)))
            {
                wanted |= 1UL << i;
            }
        }

        if (wanted == 0)
        {
            return true;
        }

        Span<byte> key = stackalloc byte[IndexedValue.MaxBytes];
        foreach (TagView tag in @event.Tags)
        {
            if (!EventTags.TryGetIndexed(tag, out byte letter, out TagValue value))
            {
                continue;
            }

            for (int i = 0; i < conditions.Length; i++)
            {
                if (conditions[i].Letter == letter && (wanted & (1UL << i)) != 0
                    && conditions[i].ContainsKey(key[..EventTags.WriteValue(value, key)]))
                {
                    wanted &= ~(1UL << i);
                    if (wanted == 0)
                    {
                        return true;
                    }
                }
            }
        }

        return false;
    }
}
