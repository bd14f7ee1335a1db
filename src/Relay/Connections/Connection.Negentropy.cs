using System.Text.Json;
using Mortise.Nostr;

namespace Mortise.Relay;

/// <content>NEG-OPEN, NEG-MSG and NEG-CLOSE (NIP-77). Their ids are apart from those of REQ.</content>
internal sealed partial class Connection
{
    private readonly Dictionary<string, NegentropySession?> _sessions = new(StringComparer.Ordinal);
    private readonly Lock _sessionsGate = new();

    private bool HandleNegentropy(in ClientMessage message)
    {
        string? refusal = !Relay.Options.Negentropy ? "blocked: this relay does not serve negentropy"
            : CheckId(message.Id) is { } wrong ? wrong
            : Relay.Options.AuthRequired && AuthenticatedAs.Count == 0
                ? "auth-required: authenticate before you read"
            : message.Verb == ClientVerb.NegOpen ? OpenNegentropy(message)
            : ContinueNegentropy(message);
        if (refusal is not null)
        {
            Relay.Metrics.Refused(refusal);
            CloseNegentropy(message.Id);
            Send(RelayMessage.NegError(Limited(message.Id), refusal));
        }

        return true;
    }

    private string? OpenNegentropy(in ClientMessage message)
    {
        var ranges = new List<Range>();
        if (ClientMessage.TrySplit(message.Rest, 3, ranges) is { } problem)
        {
            return $"invalid: {problem}";
        }

        if (ranges.Count != 2)
        {
            return "invalid: expected one filter and one message";
        }

        IReadOnlyList<Filter> filters;
        try
        {
            // NIP-77 has one filter here; a list of them is what one widespread client sends.
            filters = Filter.ParseRequest(message.Rest[ranges[0]]);
        }
        catch (FilterFormatException e)
        {
            return $"invalid: {e.Message}";
        }

        int values = filters.Sum(FilterLimits.CountValues);
        string? refusal = filters.Count > _limits.MaxFilters ? $"restricted: more than {_limits.MaxFilters} filters"
            : values > _limits.MaxFilterValues ? $"restricted: more than {_limits.MaxFilterValues} values in the filters"
            : filters.Select(f => FilterLimits.FindRefusal(f, _limits, Relay.Features.Search))
                .FirstOrDefault(static r => r is not null);
        string? wrong = TryReadHex(message.Rest[ranges[1]], out byte[] first);
        if ((refusal ?? wrong) is { } reason)
        {
            return reason;
        }

        CloseNegentropy(message.Id);
        lock (_sessionsGate)
        {
            if (_sessions.Count >= _limits.MaxNegentropySessions)
            {
                return $"restricted: up to {_limits.MaxNegentropySessions} negentropy sessions at once";
            }

            _sessions.Add(message.Id, null);
        }

        _ = RunNegentropyAsync(message.Id, filters, first);
        return null;
    }

    private string? ContinueNegentropy(in ClientMessage message)
    {
        NegentropySession? session;
        lock (_sessionsGate)
        {
            _sessions.TryGetValue(message.Id, out session);
        }

        if (session is null)
        {
            return "closed: there is no such session";
        }

        if (TryReadHex(message.Rest, out byte[] bytes) is { } wrong)
        {
            return wrong;
        }

        try
        {
            Send(RelayMessage.NegMessage(message.Id, Convert.ToHexStringLower(session.Reconcile(bytes))));
            return null;
        }
        catch (FormatException e)
        {
            return $"invalid: {e.Message}";
        }
    }

    private async Task RunNegentropyAsync(string id, IReadOnlyList<Filter> filters, byte[] first)
    {
        long began = Relay.Time.GetTimestamp();
        try
        {
            NegentropySession? session;
            using (QueryTurn turn = await TakeTurnAsync(Closing).ConfigureAwait(false))
            {
                session = Collect(filters, turn.Cancellation);
            }

            string? refusal = session is null ? "blocked: this query is too big" : null;
            byte[]? answer = session?.Reconcile(first);
            bool isOpen;
            lock (_sessionsGate)
            {
                isOpen = _sessions.ContainsKey(id);
                if (isOpen && session is not null && Relay.TryReserveNegentropy(session.Count))
                {
                    _sessions[id] = session;
                }
                else
                {
                    refusal ??= "blocked: too many sessions at once";
                    _sessions.Remove(id);
                }
            }

            if (isOpen)
            {
                Send(refusal is not null
                    ? RelayMessage.NegError(id, refusal)
                    : RelayMessage.NegMessage(id, Convert.ToHexStringLower(answer!)));
            }

            Relay.Metrics.QueryDone("NEG-OPEN", 0, began);
        }
        catch (Exception e)
        {
            EndFailed(
                e is FormatException ? new ArgumentException(e.Message, e) : e,
                began,
                reason => Fail(id, e is FormatException ? $"invalid: {e.Message}" : reason),
                Closing.IsCancellationRequested);
        }
    }

    private void Fail(string id, string reason)
    {
        CloseNegentropy(id);
        Send(RelayMessage.NegError(id, reason));
    }

    /// <summary>Collects what a session is about.</summary>
    /// <returns>Null when it is too much.</returns>
    private NegentropySession? Collect(IReadOnlyList<Filter> filters, CancellationToken cancellation)
    {
        using var query = Relay.Store.OpenQuery(filters, VisibilityFor(filters), true, cancellation);
        var sink = new ItemSink(_limits.MaxNegentropyEvents);
        while (query.PushNext(ref sink))
        {
        }

        return sink.IsTooMany
            ? null
            : new NegentropySession([.. sink.Items], (int)_limits.MaxNegentropyBytes.Bytes);
    }

    private void CloseNegentropy(string id)
    {
        lock (_sessionsGate)
        {
            if (_sessions.Remove(id, out NegentropySession? session) && session is not null)
            {
                Relay.ReleaseNegentropy(session.Count);
            }
        }
    }

    private void CloseNegentropy()
    {
        string[] ids;
        lock (_sessionsGate)
        {
            ids = [.. _sessions.Keys];
        }

        foreach (string id in ids)
        {
            CloseNegentropy(id);
        }
    }

    private static string? TryReadHex(ReadOnlySpan<byte> json, out byte[] bytes)
    {
        bytes = [];
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
            {
                return "invalid: a negentropy message is a string";
            }

            bytes = Convert.FromHexString(reader.GetString()!);
            return reader.Read() ? "invalid: text behind the message" : bytes.Length == 0 ? "invalid: an empty message" : null;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return "invalid: a negentropy message is hexadecimal";
        }
    }

    private struct ItemSink(int most) : IEventSink
    {
        public List<NegentropyItem> Items { get; } = [];

        public bool IsTooMany { get; private set; }

        public bool Accept(in EventView @event)
        {
            if (Items.Count == most)
            {
                IsTooMany = true;
                return false;
            }

            Items.Add(new NegentropyItem((ulong)@event.CreatedAt, PublicKey.Read(@event.Id)));
            return true;
        }
    }
}
