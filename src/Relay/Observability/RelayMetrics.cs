using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Mortise.Relay;

/// <summary>What the relay measures, on the meter <c>Mortise.Relay</c>.</summary>
internal sealed class RelayMetrics : IDisposable
{
    public const string MeterName = "Mortise.Relay";

    private readonly Meter _meter = new(MeterName);
    private readonly RelayTraces _traces;
    private readonly TimeProvider _time;
    private readonly Counter<long> _messages;
    private readonly Counter<long> _bytesIn;
    private readonly Counter<long> _events;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _sent;
    private readonly Histogram<double> _answer;
    private readonly Histogram<double> _query;
    private readonly Histogram<long> _queryEvents;
    private long _acceptedTotal;
    private long _refusedTotal;
    private long _sentTotal;

    public RelayMetrics(TimeProvider time)
    {
        _time = time;
        _traces = new RelayTraces(time);
        _messages = _meter.CreateCounter<long>("mortise.relay.messages", "{message}", "Messages received.");
        _bytesIn = _meter.CreateCounter<long>("mortise.relay.received", "By", "Bytes of messages received.");
        _events = _meter.CreateCounter<long>("mortise.relay.events", "{event}", "Events answered, by outcome.");
        _refused = _meter.CreateCounter<long>("mortise.relay.refused", "{message}", "Requests refused, by reason.");
        _dropped = _meter.CreateCounter<long>("mortise.relay.dropped", "{connection}", "Connections dropped, by reason.");
        _answer = _meter.CreateHistogram<double>("mortise.relay.event.duration", "s", "From an event's arrival to its OK.");
        _query = _meter.CreateHistogram<double>("mortise.relay.query.duration", "s", "From a request to its answer's end.");
        _queryEvents = _meter.CreateHistogram<long>("mortise.relay.query.events", "{event}", "Stored events sent for a REQ.");
        Verified = _meter.CreateCounter<long>("mortise.relay.verified", "{event}", "Ids and signatures checked.");
        _sent = _meter.CreateCounter<long>("mortise.relay.sent", "{event}", "Events sent to clients.");
    }

    public Counter<long> Verified { get; }

    /// <summary>Publishes what is read when somebody looks, on whatever thread and at once: the last thing in making a
    /// relay.</summary>
    public void Publish(NostrRelay relay)
    {
        _meter.CreateObservableUpDownCounter(
            "mortise.relay.connections", () => relay.Connections.Count, "{connection}", "Open connections.");
        _meter.CreateObservableUpDownCounter(
            "mortise.relay.addresses", () => relay.Connections.Addresses, "{address}", "Addresses with a connection.");
        _meter.CreateObservableUpDownCounter(
            "mortise.relay.subscriptions", () => relay.Live.Count, "{subscription}", "Open subscriptions.");
        _meter.CreateObservableUpDownCounter(
            "mortise.relay.intake.waiting", () => relay.Intake.Waiting, "{event}", "Events that wait for their check.");
        _meter.CreateObservableUpDownCounter(
            "mortise.relay.dispatch.waiting", () => relay.Dispatcher.Backlog, "{event}", "Events that wait to be sent on.");
        _meter.CreateObservableUpDownCounter(
            "mortise.relay.outgoing", () => relay.Outgoing.Bytes, "By", "Bytes that wait for readers.");
        _meter.CreateObservableUpDownCounter(
            "mortise.relay.outgoing.max", () => relay.Connections.MostWaiting, "By", "The most that waits for one reader.");
    }

    /// <summary>From an event's arrival to its answer, in seconds.</summary>
    public LogHistogram AnswerTimes { get; } = new();

    /// <summary>From a request to the end of its answer, in seconds.</summary>
    public LogHistogram QueryTimes { get; } = new();

    public long AcceptedTotal => Volatile.Read(ref _acceptedTotal);

    public long RefusedTotal => Volatile.Read(ref _refusedTotal);

    public long SentTotal => Volatile.Read(ref _sentTotal);

    /// <summary>An event was queued for a client.</summary>
    public void EventSent()
    {
        _sent.Add(1);
        Interlocked.Increment(ref _sentTotal);
    }

    public void Received(int bytes)
    {
        _messages.Add(1);
        _bytesIn.Add(bytes);
    }

    /// <summary>An event was answered.</summary>
    public void Answered(bool accepted, string text, long receivedAt)
    {
        string outcome = accepted ? Outcome(text) : Prefix(text);
        _events.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
        _traces.Answered(outcome, receivedAt);
        double seconds = _time.GetElapsedTime(receivedAt).TotalSeconds;
        _answer.Record(seconds);
        AnswerTimes.Record(seconds);
        Interlocked.Increment(ref accepted ? ref _acceptedTotal : ref _refusedTotal);
    }

    public void Refused(string reason) => _refused.Add(1, new KeyValuePair<string, object?>("reason", Prefix(reason)));

    public void Dropped(string reason) => _dropped.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void QueryDone(string verb, long events, long began)
    {
        var tags = new TagList { { "verb", verb } };
        double seconds = _time.GetElapsedTime(began).TotalSeconds;
        _query.Record(seconds, tags);
        QueryTimes.Record(seconds);
        if (verb == "REQ")
        {
            _queryEvents.Record(events);
        }

        _traces.QueryDone(verb, events, began);
    }

    public void Dispose()
    {
        _meter.Dispose();
        _traces.Dispose();
    }

    private static string Outcome(string text) => text.Length == 0 ? "accepted" : Prefix(text);

    /// <summary>The prefix of NIP-01: few, so that metrics stay few.</summary>
    private static string Prefix(string text)
    {
        int end = text.IndexOf(':', StringComparison.Ordinal);
        return end < 0 ? text : text[..end];
    }
}
