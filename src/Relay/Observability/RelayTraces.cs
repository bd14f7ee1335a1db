using System.Diagnostics;

namespace Mortise.Relay;

/// <summary>The relay's part of distributed traces: one span for each answered request and event.</summary>
/// <remarks>Costs a comparison where nobody listens. Spans carry counts and outcomes, never keys or content.</remarks>
internal sealed class RelayTraces(TimeProvider time) : IDisposable
{
    /// <summary>The name to listen to.</summary>
    public const string SourceName = "Mortise.Relay";

    private readonly ActivitySource _source = new(SourceName);

    /// <summary>A REQ, COUNT or NEG-OPEN was answered, or failed.</summary>
    /// <param name="verb">Which; <c>failed</c> for one that was not answered.</param>
    /// <param name="events">Stored events that were sent.</param>
    /// <param name="began">The timestamp at which it came in.</param>
    public void QueryDone(string verb, long events, long began)
    {
        if (_source.HasListeners() && Begin("mortise.relay.query", began) is { } span)
        {
            span.SetTag("mortise.relay.verb", verb);
            span.SetTag("mortise.relay.events", events);
            span.SetStatus(verb == "failed" ? ActivityStatusCode.Error : ActivityStatusCode.Ok);
            span.Stop();
        }
    }

    /// <summary>An event was answered.</summary>
    /// <param name="outcome">Accepted, duplicate, or the prefix of the refusal.</param>
    /// <param name="receivedAt">The timestamp at which it came in.</param>
    public void Answered(string outcome, long receivedAt)
    {
        if (_source.HasListeners() && Begin("mortise.relay.event", receivedAt) is { } span)
        {
            span.SetTag("mortise.relay.outcome", outcome);
            span.Stop();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();

    private Activity? Begin(string name, long began) => _source.StartActivity(
        name, ActivityKind.Server, parentContext: default, startTime: time.GetUtcNow() - time.GetElapsedTime(began));
}
