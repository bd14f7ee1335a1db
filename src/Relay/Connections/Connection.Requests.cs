using System.Buffers;
using System.Collections.Concurrent;
using Mortise.Nostr;

namespace Mortise.Relay;

/// <content>REQ, COUNT and CLOSE.</content>
internal sealed partial class Connection
{
    /// <summary>How long a query computes before others get their turn.</summary>
    private static readonly TimeSpan s_slice = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentDictionary<string, Subscription> _subscriptions = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _queryTurn = new(1, 1);
    private int _values;
    private int _pendingCounts;

    /// <summary>Open subscriptions.</summary>
    public int Subscriptions => _subscriptions.Count;

    /// <summary>Ends a subscription if it is still the one of its id.</summary>
    public void End(Subscription subscription, string? reason)
    {
        if (_subscriptions.TryRemove(new KeyValuePair<string, Subscription>(subscription.Id, subscription)))
        {
            Forget(subscription, reason);
        }
    }

    /// <summary>Ends all subscriptions.</summary>
    public void CloseSubscriptions(string? reason)
    {
        foreach (Subscription subscription in _subscriptions.Values)
        {
            End(subscription, reason);
        }
    }

    private bool End(string id, string? reason)
    {
        if (!_subscriptions.TryRemove(id, out Subscription? subscription))
        {
            return false;
        }

        Forget(subscription, reason);
        return true;
    }

    private void Forget(Subscription subscription, string? reason)
    {
        Interlocked.Add(ref _values, -subscription.Values);
        subscription.Close(reason);
        Relay.Live.Remove(subscription);
    }

    private bool HandleReq(in ClientMessage message)
    {
        string? refusal = TryReadFilters(message, out List<Filter> filters, out int values);
        EventMatcher? matcher = null;
        refusal ??= TryMakeMatcher(filters, out matcher);
        if (refusal is null && Relay.Options.AuthRequired && AuthenticatedAs.Count == 0)
        {
            refusal = "auth-required: authenticate before you read";
        }

        if (refusal is null && AsksOnlyForGiftWraps(filters))
        {
            refusal = "auth-required: gift wraps are for their recipients";
        }

        // A REQ with the id of another replaces it, also when it is refused: its sender has forgotten the old one.
        End(message.Id, null);
        if (refusal is null && _subscriptions.Count >= _limits.MaxSubscriptions)
        {
            refusal = $"restricted: up to {_limits.MaxSubscriptions} subscriptions at once";
        }

        if (refusal is null && Volatile.Read(ref _values) + values > _limits.MaxConnectionValues)
        {
            refusal = $"restricted: up to {_limits.MaxConnectionValues} values in all open subscriptions";
        }

        if (refusal is not null)
        {
            Relay.Metrics.Refused(refusal);
            return Send(RelayMessage.Closed(Limited(message.Id), refusal));
        }

        var subscription = new Subscription(this, message.Id, filters, values, matcher!);
        _subscriptions[message.Id] = subscription;
        Interlocked.Add(ref _values, values);
        Relay.Live.Add(subscription);
        _ = RunStoredAsync(subscription);
        return true;
    }

    private string? TryMakeMatcher(List<Filter> filters, out EventMatcher? matcher)
    {
        try
        {
            matcher = Relay.Store.CreateMatcher(filters);
            return null;
        }
        catch (ArgumentException e)
        {
            matcher = null;
            return $"restricted: {e.Message}";
        }
    }

    private bool HandleCount(in ClientMessage message)
    {
        string? refusal = TryReadFilters(message, out List<Filter> filters, out _);
        if (refusal is null && Relay.Options.AuthRequired && AuthenticatedAs.Count == 0)
        {
            refusal = "auth-required: authenticate before you read";
        }

        if (refusal is null && AsksOnlyForGiftWraps(filters))
        {
            refusal = "auth-required: gift wraps are for their recipients";
        }

        if (refusal is null && Volatile.Read(ref _pendingCounts) >= _limits.MaxSubscriptions)
        {
            refusal = "rate-limited: too many counts at once";
        }

        if (refusal is not null)
        {
            Relay.Metrics.Refused(refusal);
            return Send(RelayMessage.Closed(Limited(message.Id), refusal));
        }

        Interlocked.Increment(ref _pendingCounts);
        _ = RunCountAsync(message.Id, filters);
        return true;
    }

    /// <summary>Sends the stored events of a subscription, then EOSE, then what came meanwhile.</summary>
    private async Task RunStoredAsync(Subscription subscription)
    {
        long began = Relay.Time.GetTimestamp();
        try
        {
            using QueryTurn turn = await TakeTurnAsync(subscription.Cancellation).ConfigureAwait(false);
            Filter[] filters = Limit(subscription.Filters);
            bool asksOneMore = Relay.Options.CompletenessHint && filters is [{ Limit: > 0 and < int.MaxValue }];
            var sink = new StoredSink(subscription, asksOneMore ? filters[0].Limit!.Value : int.MaxValue);
            using var query = Relay.Store.OpenQuery(
                asksOneMore ? [filters[0].WithLimit(filters[0].Limit + 1)] : filters,
                VisibilityFor(filters),
                true,
                turn.Cancellation);
            while (true)
            {
                if (Outbox.IsFull)
                {
                    turn.Pause();
                    await Outbox.WhenDrainedAsync().WaitAsync(turn.Cancellation).ConfigureAwait(false);
                    await turn.ResumeAsync().ConfigureAwait(false);
                }

                if (!PushSlice(query, ref sink))
                {
                    break;
                }

                if (turn.IsWanted && !Outbox.IsFull)
                {
                    turn.Pause();
                    await turn.ResumeAsync().ConfigureAwait(false);
                }
                else
                {
                    await Task.Yield();
                }
            }

            subscription.EndStored(query.Lsn, Hint(filters, sink));
            Relay.Metrics.QueryDone("REQ", sink.Sent, began);
        }
        catch (Exception e)
        {
            EndFailed(e, began, reason => End(subscription, reason), subscription.Cancellation.IsCancellationRequested);
        }
    }

    /// <summary>Pushes events for one slice of time, or until the outbox is full.</summary>
    /// <returns>False at the end.</returns>
    private bool PushSlice(EventQuery query, ref StoredSink sink)
    {
        long began = Relay.Time.GetTimestamp();
        while (query.PushNext(ref sink))
        {
            if (Outbox.IsFull || Relay.Time.GetElapsedTime(began) > s_slice)
            {
                return true;
            }
        }

        return false;
    }

    private async Task RunCountAsync(string id, List<Filter> filters)
    {
        long began = Relay.Time.GetTimestamp();
        try
        {
            using QueryTurn turn = await TakeTurnAsync(Closing).ConfigureAwait(false);
            using var query = Relay.Store.OpenQuery(filters, VisibilityFor(filters), false, turn.Cancellation);
            long count = query.Count();
            Send(RelayMessage.Count(id, count, null));
            Relay.Metrics.QueryDone("COUNT", 0, began);
        }
        catch (Exception e)
        {
            EndFailed(e, began, reason => Send(RelayMessage.Closed(id, reason)), Closing.IsCancellationRequested);
        }
        finally
        {
            Interlocked.Decrement(ref _pendingCounts);
        }
    }

    /// <summary>Waits for the turn of this connection, then for one of the relay's.</summary>
    private async ValueTask<QueryTurn> TakeTurnAsync(CancellationToken cancellation)
    {
        await _queryTurn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await Relay.QueryTurns.WaitAsync(Client.Group, cancellation).ConfigureAwait(false);
        }
        catch
        {
            _queryTurn.Release();
            throw;
        }

        return new QueryTurn(_queryTurn, Relay.QueryTurns, Client.Group, _limits.QueryTime, Relay.Time, cancellation);
    }

    /// <summary>The last frame of a query that nobody awaits: every failure is told to the client or to the
    /// log.</summary>
    private void EndFailed(Exception e, long began, Action<string> close, bool isGone)
    {
        if (isGone || e is ObjectDisposedException)
        {
            return;
        }

        string reason = e switch
        {
            OperationCanceledException => $"error: the query took longer than {_limits.QueryTime.TotalSeconds:0.#} s",
            ArgumentException => $"unsupported: {e.Message}",
            _ => "error: the relay could not answer",
        };
        if (e is not (OperationCanceledException or ArgumentException))
        {
            Relay.LogFailure(e, "a query failed");
        }

        Relay.Metrics.Refused(reason);
        Relay.Metrics.QueryDone("failed", 0, began);
        close(reason);
    }

    private string? TryReadFilters(in ClientMessage message, out List<Filter> filters, out int values)
    {
        filters = [];
        values = 0;
        if (CheckId(message.Id) is { } wrong)
        {
            return wrong;
        }

        var ranges = new List<Range>();
        if (ClientMessage.TrySplit(message.Rest, _limits.MaxFilters, ranges) is { } problem)
        {
            return $"invalid: {problem}";
        }

        if (ranges.Count == 0)
        {
            return "invalid: a filter is missing";
        }

        foreach (Range range in ranges)
        {
            if (TryReadFilter(message.Rest[range], out Filter? filter) is { } refusal)
            {
                return refusal;
            }

            values += FilterLimits.CountValues(filter!);
            filters.Add(filter!);
        }

        return values > _limits.MaxFilterValues
            ? $"restricted: {values} values in the filters; up to {_limits.MaxFilterValues} are taken"
            : null;
    }

    private string? TryReadFilter(ReadOnlySpan<byte> json, out Filter? filter)
    {
        filter = null;
        try
        {
            filter = Filter.Parse(json);
        }
        catch (FilterFormatException e)
        {
            return $"invalid: {e.Message}";
        }

        return FilterLimits.FindRefusal(filter, _limits, Relay.Features.Search);
    }

    private string? CheckId(string id)
    {
        int characters = id.EnumerateRunes().Count();
        return characters == 0 ? "invalid: an empty subscription id"
            : characters > _limits.MaxSubscriptionIdLength
                ? $"invalid: a subscription id of {characters} characters; up to {_limits.MaxSubscriptionIdLength} are taken"
            : null;
    }

    private Filter[] Limit(IReadOnlyList<Filter> filters)
    {
        var limited = new Filter[filters.Count];
        for (int i = 0; i < limited.Length; i++)
        {
            limited[i] = filters[i].WithLimit(Math.Min(filters[i].Limit ?? _limits.DefaultLimit, _limits.MaxLimit));
        }

        return limited;
    }

    /// <summary>What NIP-67 says at the end; null when it is off, or nothing is certain.</summary>
    /// <remarks>One filter is asked for one event more than is sent, which tells. Of several filters only the sum is
    /// known: when it is below every limit, nothing was cut.</remarks>
    private string? Hint(Filter[] filters, in StoredSink sink) =>
        !Relay.Options.CompletenessHint ? null
        : sink.IsCut ? "more"
        : filters.Length == 1 || sink.Sent < filters.Min(static f => f.Limit!.Value) ? "finish"
        : null;

    private bool AsksOnlyForGiftWraps(IReadOnlyList<Filter> filters) =>
        Relay.Options.GuardGiftWraps && AuthenticatedAs.Count == 0 && filters.All(FilterLimits.IsOnlyForGiftWraps);

    private GiftWrapVisibility? VisibilityFor(IReadOnlyList<Filter> filters) =>
        Relay.Options.GuardGiftWraps && filters.Any(FilterLimits.MayMatchGiftWraps)
            ? new GiftWrapVisibility(this)
            : null;

    /// <summary>Puts stored events into the outbox, from their bytes.</summary>
    private struct StoredSink(Subscription subscription, int most) : IEventSink
    {
        [ThreadStatic]
        private static ArrayBufferWriter<byte>? s_json;

        public long Sent { get; private set; }

        /// <summary>True when there was one event more than may be sent.</summary>
        public bool IsCut { get; private set; }

        public bool Accept(in EventView @event)
        {
            IsCut = Sent == most;
            if (IsCut || subscription.IsClosed)
            {
                return false;
            }

            ArrayBufferWriter<byte> json = s_json ??= new ArrayBufferWriter<byte>(4_096);
            json.ResetWrittenCount();
            EventJson.Write(@event, json);
            if (!subscription.Connection.Outbox.TrySend(subscription.Prefix, json.WrittenSpan, "]"u8))
            {
                return false;
            }

            Sent++;
            subscription.Connection.Relay.Metrics.EventSent();
            return true;
        }
    }
}
