using Mortise.Nostr;

namespace Mortise.Relay;

/// <summary>Decides whether a relay takes an event, before its signature is checked.</summary>
/// <remarks>Threads: any number at once. Cheap: no waiting. Rules are asked in order; the first refusal
/// counts.</remarks>
public interface IAdmissionRule
{
    /// <summary>Why the event is refused; null when this rule has nothing against it.</summary>
    /// <param name="event">The event; neither its id nor its signature has been checked.</param>
    /// <param name="source">Who publishes it.</param>
    /// <returns>A text with a prefix of NIP-01, such as <c>blocked: kind 4 is not taken here</c>.</returns>
    string? FindRefusal(in EventView @event, in AdmissionSource source);
}
