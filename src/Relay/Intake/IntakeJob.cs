using Mortise.Nostr;

namespace Mortise.Relay;

/// <summary>An event on its way in.</summary>
/// <param name="Connection">Who sent it, and waits for the answer.</param>
/// <param name="Event">The event; its author is not yet certain.</param>
/// <param name="ReceivedAt">When its message was there, as a timestamp.</param>
internal readonly record struct IntakeJob(Connection Connection, NostrEvent Event, long ReceivedAt);
