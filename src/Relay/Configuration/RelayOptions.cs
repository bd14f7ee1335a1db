using System.Net;
using Mortise.Plugins;

namespace Mortise.Relay;

/// <summary>The section <c>relay</c> of a stack.</summary>
public sealed class RelayOptions : IValidatedOptions
{
    /// <summary>The relay's name, NIP-11.</summary>
    public string Name { get; set; } = "Mortise relay";

    /// <summary>What it is for, NIP-11.</summary>
    public string Description { get; set; } = "";

    /// <summary>The operator's public key in hexadecimal, NIP-11.</summary>
    public string PublicKey { get; set; } = "";

    /// <summary>The relay's own public key in hexadecimal, NIP-11 <c>self</c>.</summary>
    public string Self { get; set; } = "";

    /// <summary>How to reach the operator, NIP-11.</summary>
    public string Contact { get; set; } = "";

    /// <summary>The address of an icon, NIP-11.</summary>
    public string Icon { get; set; } = "";

    /// <summary>The address of a banner, NIP-11.</summary>
    public string Banner { get; set; } = "";

    /// <summary>The address of the terms of service, NIP-11.</summary>
    public string TermsOfService { get; set; } = "";

    /// <summary>Whether everything needs an authenticated key, reading too (NIP-42). NIP-11
    /// <c>auth_required</c>.</summary>
    public bool AuthRequired { get; set; }

    /// <summary>Whether gift wraps are shown to their authenticated recipients only (NIP-59).</summary>
    public bool GuardGiftWraps { get; set; } = true;

    /// <summary>Whether EOSE says if there is more (NIP-67). Some clients hang on it.</summary>
    public bool CompletenessHint { get; set; }

    /// <summary>Whether negentropy is served (NIP-77).</summary>
    public bool Negentropy { get; set; } = true;

    /// <summary>Whether clients that offer it get compressed messages (permessage-deflate). Saves bytes and costs
    /// processor time.</summary>
    public bool Compression { get; set; }

    /// <summary>Who may see the dashboard and what it asks for.</summary>
    public OperatorAccess Dashboard { get; set; } = OperatorAccess.Loopback;

    /// <summary>Who may read the metrics.</summary>
    public OperatorAccess Metrics { get; set; } = OperatorAccess.Loopback;

    /// <summary>Addresses of proxies whose <c>X-Forwarded-For</c> is believed.</summary>
    public IList<string> TrustedProxies { get; set; } = [];

    /// <summary>Time in which connections are drained at the end.</summary>
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How much of anything.</summary>
    public LimitOptions Limits { get; set; } = new();

    /// <summary>How often.</summary>
    public RateOptions Rates { get; set; } = new();

    /// <summary>Which events.</summary>
    public AdmissionOptions Admission { get; set; } = new();

    /// <summary>Who may manage it.</summary>
    public ManagementOptions Management { get; set; } = new();

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        foreach ((string name, string key) in ((string, string)[])
            [(nameof(PublicKey), PublicKey), (nameof(Self), Self)])
        {
            if (key.Length > 0 && !Relay.PublicKey.TryParse(key, out _))
            {
                yield return new OptionProblem(name, "is not 64 lower-case hexadecimal digits");
            }
        }

        if (ShutdownTimeout < TimeSpan.Zero || ShutdownTimeout > LimitOptions.LongestWait)
        {
            yield return new OptionProblem(nameof(ShutdownTimeout), "must be 7d at most");
        }

        foreach (string proxy in TrustedProxies)
        {
            if (!IPAddress.TryParse(proxy, out _))
            {
                yield return new OptionProblem(nameof(TrustedProxies), $"names '{proxy}', which is not an address");
            }
        }
    }
}
