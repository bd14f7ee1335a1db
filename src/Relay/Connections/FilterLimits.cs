using Mortise.Nostr;

namespace Mortise.Relay;

/// <summary>What a filter may ask.</summary>
internal static class FilterLimits
{
    public static int CountValues(Filter filter)
    {
        int values = (filter.Ids?.Count ?? 0) + (filter.Authors?.Count ?? 0) + (filter.Kinds?.Count ?? 0);
        foreach (TagCondition tag in filter.Tags)
        {
            values += tag.Count;
        }

        return values;
    }

    public static string? FindRefusal(Filter filter, LimitOptions limits, bool canSearch) =>
        filter.Tags.Count > limits.MaxFilterTags
            ? $"restricted: {filter.Tags.Count} tag conditions in a filter; up to {limits.MaxFilterTags} are taken"
        : filter.Search is null ? null
        : !canSearch ? "unsupported: this relay has no index of words, so it does not search"
        : filter.Search.Length > limits.MaxSearchLength
            ? $"restricted: a search of {filter.Search.Length} characters; up to {limits.MaxSearchLength} are taken"
        : null;

    public static bool MayMatchGiftWraps(Filter filter)
    {
        if (filter.Kinds is not { } kinds)
        {
            return true;
        }

        for (int i = 0; i < kinds.Count; i++)
        {
            if (EventFacts.IsGiftWrap(kinds[i]))
            {
                return true;
            }
        }

        return false;
    }

    public static bool IsOnlyForGiftWraps(Filter filter)
    {
        if (filter.Kinds is not { Count: > 0 } kinds)
        {
            return false;
        }

        for (int i = 0; i < kinds.Count; i++)
        {
            if (!EventFacts.IsGiftWrap(kinds[i]))
            {
                return false;
            }
        }

        return true;
    }
}
