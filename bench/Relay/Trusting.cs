using Mortise.Nostr;

namespace Mortise.Bench.Relay;

/// <summary>Checks nothing, to see what all but verification costs.</summary>
internal sealed class Trusting : IEventVerifier
{
    public string Name => "none";

    public VerifyResult Verify(EventView view) => VerifyResult.Ok;
}
