using System.Text.Json;
using Mortise.Nostr;

namespace Mortise.Relay;

/// <content>NEG-OPEN, NEG-MSG and NEG-CLOSE (NIP-77). Their ids are apart from those of REQ.</content>
internal sealed partial class Connection
{
    private readonly Dictionary<string, OpenNegentropy> _sessions = new(StringComparer.Ordinal);
    private readonly Lock _sessionsGate = new();

    private bool HandleNegentropy(in ClientMessage message)
    {
        string? refusal = !Relay.Options.Negentropy ? "blocked: this relay does not serve negentropy"
            : CheckId(message.Id) is { } wrong ? wrong
            : Relay.Options.AuthRequired && AuthenticatedAs.Count == 0
                ? "auth-required: authenticate before you read"
            : message.Verb == ClientVerb.NegOpen ? HandleNegOpen(message)
            : ContinueNegentropy(message);
        if (refusal is not null)
        {
            Relay.Metrics.Refused(refusal);
            CloseNegentropy(message.Id);
            Send(RelayMessage.NegError(Limited(message.Id), refusal));
        }

        return true;
    }

    private string? HandleNegOpen(in ClientMessage message)
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
        if (refusal is null && AsksOnlyForGiftWraps(filters))
        {
            // An empty set would tell the client to send us all of its own.
            refusal = "auth-required: gift wraps are for their recipients";
        }

        string? wrong = TryReadHex(message.Rest[ranges[1]], out byte[] first);
        if ((refusal ?? wrong) is { } reason)
        {
            return reason;
        }

        CloseNegentropy(message.Id);
        OpenNegentropy open;
        lock (_sessionsGate)
        {
            if (_sessions.Count >= _limits.MaxNegentropySessions)
            {
                return $"restricted: up to {_limits.MaxNegentropySessions} negentropy sessions at once";
            }

            open = new OpenNegentropy(message.Id, Closing);
            _sessions.Add(message.Id, open);
        }

        _ = RunNegentropyAsync(open, filters, first);
        return null;
    }

    private string? ContinueNegentropy(in ClientMessage message)
    {
        NegentropySession? session;
        lock (_sessionsGate)
        {
            session = _sessions.GetValueOrDefault(message.Id)?.Session;
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

    private async Task RunNegentropyAsync(OpenNegentropy open, IReadOnlyList<Filter> filters, byte[] first)
    {
        long began = Relay.Time.GetTimestamp();
        try
        {
            NegentropySession? session;
            using (QueryTurn turn = await TakeTurnAsync(open.Cancellation).ConfigureAwait(false))
            {
                session = Collect(filters, turn.Cancellation);
            }

            byte[]? answer = session?.Reconcile(first);
            if (session is null)
            {
                Fail(open, "blocked: this query is too big");
            }
            else if (!TryKeep(open, session))
            {
                Fail(open, "blocked: too many sessions at once");
            }
            else
            {
                Send(RelayMessage.NegMessage(open.Id, Convert.ToHexStringLower(answer!)));
            }

            Relay.Metrics.QueryDone("NEG-OPEN", 0, began);
        }
        catch (Exception e)
        {
            EndFailed(
                e is FormatException ? new ArgumentException(e.Message, e) : e,
                began,
                reason => Fail(open, e is FormatException ? $"invalid: {e.Message}" : reason),
                open.Cancellation.IsCancellationRequested);
        }
    }

    /// <summary>Keeps what a session is about for the messages that follow.</summary>
    /// <returns>False when it was closed meanwhile, or all sessions hold as much as they may.</returns>
    private bool TryKeep(OpenNegentropy open, NegentropySession session)
    {
        lock (_sessionsGate)
        {
            if (!IsOpen(open) || !Relay.Negentropy.TryReserve(Client.Group, session.Count))
            {
                return false;
            }

            open.Session = session;
            return true;
        }
    }

    /// <summary>Ends a session that is still open with an error; of one that its client closed or opened anew nothing is
    /// said.</summary>
    private void Fail(OpenNegentropy open, string reason)
    {
        if (CloseNegentropy(open.Id, open))
        {
            Send(RelayMessage.NegError(open.Id, reason));
        }
    }

    /// <summary>Whether the id of a session still means this one. Under the gate.</summary>
    private bool IsOpen(OpenNegentropy open) => _sessions.GetValueOrDefault(open.Id) == open;

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

    /// <summary>Closes a session.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="only">The one that is meant; null for whichever has the id.</param>
    /// <returns>False when it was not open.</returns>
    private bool CloseNegentropy(string id, OpenNegentropy? only = null)
    {
        OpenNegentropy? open;
        lock (_sessionsGate)
        {
            if ((only is not null && !IsOpen(only)) || !_sessions.Remove(id, out open))
            {
                return false;
            }

            Relay.Negentropy.Release(Client.Group, open.Session?.Count ?? 0);
        }

        open.Dispose();
        return true;
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

    /// <summary>What a NEG-OPEN has opened, until it is closed or its id is opened anew.</summary>
    private sealed class OpenNegentropy : IDisposable
    {
        private readonly CancellationTokenSource _cancellation;

        public OpenNegentropy(string id, CancellationToken connection)
        {
            Id = id;
            _cancellation = CancellationTokenSource.CreateLinkedTokenSource(connection);
            Cancellation = _cancellation.Token;
        }

        public string Id { get; }

        /// <summary>Stops its query.</summary>
        public CancellationToken Cancellation { get; }

        /// <summary>Null until its query has run.</summary>
        public NegentropySession? Session { get; set; }

        public void Dispose()
        {
            _cancellation.Cancel();
            _cancellation.Dispose();
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
