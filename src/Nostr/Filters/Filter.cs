using System.Text;

namespace Mortise.Nostr;

/// <summary>A NIP-01 filter: an event matches when it meets every condition that the filter has.</summary>
/// <remarks>
/// <para>Immutable; any thread. An absent condition is null and met by every event; an empty set is met by none.</para>
/// <para>Sources: NIP-01; NIP-50 for <see cref="Search"/>.</para>
/// </remarks>
public sealed class Filter
{
    private readonly TagCondition[] _tags = [];
    private readonly long? _since;
    private readonly int? _limit;

    /// <summary>The filter that every event matches.</summary>
    public static Filter Everything { get; } = new();

    /// <summary>The ids wanted.</summary>
    public IdSet? Ids { get; init; }

    /// <summary>The public keys wanted.</summary>
    public IdSet? Authors { get; init; }

    /// <summary>The kinds wanted.</summary>
    public KindSet? Kinds { get; init; }

    /// <summary>The tags wanted, ascending by letter: all of these conditions, each by any of its values.</summary>
    /// <exception cref="ArgumentException">Two conditions have one letter.</exception>
    public IReadOnlyList<TagCondition> Tags
    {
        get => _tags;
        init
        {
            _tags = [.. value.OrderBy(t => t.Letter)];
            for (int i = 1; i < _tags.Length; i++)
            {
                if (_tags[i].Letter == _tags[i - 1].Letter)
                {
                    throw new ArgumentException($"two conditions on #{(char)_tags[i].Letter}", nameof(value));
                }
            }
        }
    }

    /// <summary>The smallest <c>created_at</c> wanted, in seconds since 1970, included. Negative counts as 0.</summary>
    public long? Since
    {
        get => _since;
        init => _since = value is long since ? Math.Max(0, since) : null;
    }

    /// <summary>The largest <c>created_at</c> wanted, included. Negative is met by no event.</summary>
    public long? Until { get; init; }

    /// <summary>The most stored events wanted, the newest; 0 for none. Live events do not count.</summary>
    public int? Limit
    {
        get => _limit;
        init
        {
            if (value is int limit)
            {
                ArgumentOutOfRangeException.ThrowIfNegative(limit, nameof(value));
            }

            _limit = value;
        }
    }

    /// <summary>Words wanted, NIP-50; only a store with a family of words can answer it.</summary>
    public string? Search { get; init; }

    /// <summary>The conditions that this filter has; <see cref="Limit"/> is none.</summary>
    public FilterConditions Conditions
    {
        get
        {
            FilterConditions all = FilterConditions.None;
            all |= Ids is null ? FilterConditions.None : FilterConditions.Ids;
            all |= Authors is null ? FilterConditions.None : FilterConditions.Authors;
            all |= Kinds is null ? FilterConditions.None : FilterConditions.Kinds;
            all |= Since is null && Until is null ? FilterConditions.None : FilterConditions.Time;
            all |= Search is null ? FilterConditions.None : FilterConditions.Search;
            foreach (TagCondition tag in _tags)
            {
                all |= FilterConditions.Tag(tag.Letter);
            }

            return all;
        }
    }

    /// <summary>True when no event can match, or none is wanted.</summary>
    public bool IsEmpty =>
        Ids is { Count: 0 }
        || Authors is { Count: 0 }
        || Kinds is { Count: 0 }
        || Until < (Since ?? 0)
        || Limit == 0
        || Array.Exists(_tags, static t => t.Count == 0);

    internal ReadOnlySpan<TagCondition> TagSpan => _tags;

    /// <summary>Reads one filter from JSON.</summary>
    /// <param name="json">UTF-8, hostile.</param>
    /// <exception cref="FilterFormatException">It is not a filter.</exception>
    public static Filter Parse(ReadOnlySpan<byte> json) => FilterReader.ReadOne(json);

    /// <inheritdoc cref="Parse(ReadOnlySpan{byte})"/>
    public static Filter Parse(string json) => Parse(Encoding.UTF8.GetBytes(json));

    /// <summary>Reads a request from JSON: one filter, or an array of one or more filters.</summary>
    /// <param name="json">UTF-8, hostile.</param>
    /// <exception cref="FilterFormatException">It is neither.</exception>
    public static IReadOnlyList<Filter> ParseRequest(ReadOnlySpan<byte> json) => FilterReader.ReadRequest(json);

    /// <summary>True when the event meets every condition; the limit is none.</summary>
    /// <remarks>No allocation. <see cref="Search"/> is met by an event whose content contains every word.</remarks>
    public bool Matches(in EventView @event) => FilterMatch.Matches(this, Conditions, @event);

    /// <summary>The same filter with another limit.</summary>
    public Filter WithLimit(int? limit) => new()
    {
        Ids = Ids,
        Authors = Authors,
        Kinds = Kinds,
        Tags = Tags,
        Since = Since,
        Until = Until,
        Limit = limit,
        Search = Search,
    };

    /// <summary>The filter as JSON.</summary>
    public string ToJson() => FilterWriter.Write(this);

    /// <summary>The filter as JSON.</summary>
    public override string ToString() => ToJson();
}
