using Mortise.Plugins;

namespace Mortise.Relay;

/// <summary>The section <c>relay.management</c>: NIP-86, off while nobody is named.</summary>
public sealed class ManagementOptions : IValidatedOptions
{
    /// <summary>The public keys that may manage the relay, in hexadecimal.</summary>
    public IList<string> Admins { get; set; } = [];

    /// <summary>Where what was decided is kept; a file in the data directory when empty.</summary>
    public string File { get; set; } = "";

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate() =>
        from key in Admins
        where !PublicKey.TryParse(key, out _)
        select new OptionProblem(
            nameof(Admins), $"names '{key}', which is not 64 lower-case hexadecimal digits");
}
