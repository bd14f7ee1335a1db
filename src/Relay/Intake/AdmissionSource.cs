using System.Net;
using Mortise.Nostr;

namespace Mortise.Relay;

/// <summary>Who publishes an event.</summary>
/// <param name="Address">The client's address.</param>
/// <param name="AuthenticatedAs">The keys that it has authenticated as (NIP-42).</param>
public readonly record struct AdmissionSource(IPAddress Address, IdSet AuthenticatedAs);
