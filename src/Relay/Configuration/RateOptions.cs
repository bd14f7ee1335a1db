using Mortise.Plugins;

namespace Mortise.Relay;

/// <summary>The section <c>relay.rates</c>: how often, in the long run. 0 switches a rate off.</summary>
public sealed class RateOptions : IValidatedOptions
{
    /// <summary>Events a second of one connection.</summary>
    public int EventsPerConnection { get; set; } = 100;

    /// <summary>Events a second of one address; of IPv6, of one /64 network.</summary>
    public int EventsPerAddress { get; set; } = 200;

    /// <summary>Accepted signatures a second of one public key.</summary>
    public int EventsPerKey { get; set; } = 50;

    /// <summary>Other messages a second of one connection; CLOSE is free.</summary>
    public int RequestsPerConnection { get; set; } = 50;

    /// <summary>Other messages a second of one address.</summary>
    public int RequestsPerAddress { get; set; } = 100;

    /// <summary>New connections a second of one address.</summary>
    public int ConnectionsPerAddress { get; set; } = 10;

    /// <summary>How many seconds' worth may come at once.</summary>
    public int BurstSeconds { get; set; } = 10;

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        foreach ((string name, int value) in ((string, int)[])
        [
            (nameof(EventsPerConnection), EventsPerConnection), (nameof(EventsPerAddress), EventsPerAddress),
            (nameof(EventsPerKey), EventsPerKey), (nameof(RequestsPerConnection), RequestsPerConnection),
            (nameof(RequestsPerAddress), RequestsPerAddress), (nameof(ConnectionsPerAddress), ConnectionsPerAddress),
        ])
        {
            if (value < 0)
            {
                yield return new OptionProblem(name, "must be 0 (off) or more");
            }
        }

        if (BurstSeconds < 1)
        {
            yield return new OptionProblem(nameof(BurstSeconds), "must be 1 or more");
        }
    }
}
