using Mortise.Nostr;

namespace Mortise.Relay;

/// <summary>Which subscriptions an event may match, without looking at all of them.</summary>
/// <remarks>
/// <para>Each filter is filed under its most selective condition: ids, authors, the tag with fewest values, kinds, or
/// everything. A match is then checked in full.</para>
/// <para>Threads: members from any thread; <see cref="Dispatch"/> from one. A subscription may be closed while it is on its
/// way here: one that is closed is not filed, and who closes one removes it afterwards.</para>
/// </remarks>
internal sealed class LiveIndex
{
    private readonly Lock _gate = new();
    private readonly Dictionary<LiveKey, Filed> _byKey = [];
    private long _mark;
    private int _count;

    /// <summary>Subscriptions filed.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Files a subscription that is open.</summary>
    public void Add(Subscription subscription)
    {
        lock (_gate)
        {
            if (subscription.IsClosed)
            {
                return;
            }

            subscription.IsFiled = true;
            _count++;
            foreach (LiveKey key in Keys(subscription))
            {
                if (!_byKey.TryGetValue(key, out Filed? filed))
                {
                    _byKey.Add(key, filed = new Filed());
                }

                filed.Subscriptions.Add(subscription);
            }
        }
    }

    /// <summary>Takes out a subscription, if it is here.</summary>
    public void Remove(Subscription subscription)
    {
        lock (_gate)
        {
            if (!subscription.IsFiled)
            {
                return;
            }

            subscription.IsFiled = false;
            _count--;
            foreach (LiveKey key in Keys(subscription))
            {
                Filed filed = _byKey[key];
                List<Subscription> list = filed.Subscriptions;
                list[list.IndexOf(subscription)] = list[^1];
                list.RemoveAt(list.Count - 1);
                if (list.Count == 0)
                {
                    _byKey.Remove(key);
                }
            }
        }
    }

    /// <summary>Collects the subscriptions that match an event, each once.</summary>
    public void Dispatch(in EventView @event, List<Subscription> matches)
    {
        lock (_gate)
        {
            if (_byKey.Count == 0)
            {
                return;
            }

            _mark++;
            Collect(LiveKey.Everything, @event, matches);
            Collect(LiveKey.Kind(@event.Kind), @event, matches);
            Collect(LiveKey.Author(@event.PublicKey), @event, matches);
            Collect(LiveKey.Id(@event.Id), @event, matches);
            CollectTags(@event, matches);
        }
    }

    private void CollectTags(in EventView @event, List<Subscription> matches)
    {
        Span<byte> small = stackalloc byte[256];
        foreach (TagView tag in @event.Tags)
        {
            if (EventFacts.TryGetLetter(tag, out byte letter))
            {
                TagValue value = tag[1];
                Span<byte> text = value.Utf8Length <= small.Length ? small : new byte[value.Utf8Length];
                int length = value.CopyUtf8To(text);
                Collect(LiveKey.Tag(letter, text[..length]), @event, matches);
            }
        }
    }

    private void Collect(LiveKey key, in EventView @event, List<Subscription> matches)
    {
        if (!_byKey.TryGetValue(key, out Filed? filed) || filed.Mark == _mark)
        {
            // An event may name one tag thousands of times.
            return;
        }

        filed.Mark = _mark;
        foreach (Subscription subscription in filed.Subscriptions)
        {
            if (subscription.Mark != _mark)
            {
                // Another of its filters may be filed elsewhere; the check is of all of them, so once is enough.
                subscription.Mark = _mark;
                if (subscription.Matches(@event))
                {
                    matches.Add(subscription);
                }
            }
        }
    }

    private static HashSet<LiveKey> Keys(Subscription subscription)
    {
        var keys = new HashSet<LiveKey>();
        foreach (Filter filter in subscription.Filters)
        {
            AddKeys(filter, keys);
        }

        return keys;
    }

    private static void AddKeys(Filter filter, HashSet<LiveKey> keys)
    {
        TagCondition? tag = filter.Tags.MinBy(static t => t.Count);
        if (filter.Ids is { } ids)
        {
            for (int i = 0; i < ids.Count; i++)
            {
                keys.Add(LiveKey.Id(ids[i]));
            }
        }
        else if (filter.Authors is { } authors)
        {
            for (int i = 0; i < authors.Count; i++)
            {
                keys.Add(LiveKey.Author(authors[i]));
            }
        }
        else if (tag is not null)
        {
            foreach (ReadOnlyMemory<byte> value in tag.Values)
            {
                keys.Add(LiveKey.Tag(tag.Letter, value.Span));
            }
        }
        else if (filter.Kinds is { } kinds)
        {
            for (int i = 0; i < kinds.Count; i++)
            {
                keys.Add(LiveKey.Kind(kinds[i]));
            }
        }
        else
        {
            keys.Add(LiveKey.Everything);
        }
    }

    /// <summary>What is filed under one key.</summary>
    private sealed class Filed
    {
        public List<Subscription> Subscriptions { get; } = [];

        /// <summary>The last event that these were looked at for.</summary>
        public long Mark { get; set; }
    }
}
