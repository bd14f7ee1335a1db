using Mortise.Plugins;

namespace Mortise.Relay;

/// <summary>The section <c>relay.admission</c>: which events are taken.</summary>
public sealed class AdmissionOptions : IValidatedOptions
{
    /// <summary>Leading zero bits that an id must have (NIP-13); 0 for none. NIP-11
    /// <c>min_pow_difficulty</c>.</summary>
    public int MinPow { get; set; }

    /// <summary>Whether only events of authenticated keys are taken (NIP-42). NIP-11
    /// <c>restricted_writes</c>.</summary>
    public bool AuthRequired { get; set; }

    /// <summary>The kinds that are taken; empty for all.</summary>
    public IList<int> AllowKinds { get; set; } = [];

    /// <summary>Kinds that are not taken.</summary>
    public IList<int> DenyKinds { get; set; } = [];

    /// <summary>The authors whose events are taken, in hexadecimal; empty for all.</summary>
    public IList<string> AllowAuthors { get; set; } = [];

    /// <summary>Authors whose events are not taken.</summary>
    public IList<string> DenyAuthors { get; set; } = [];

    /// <summary>How old an event may be; 0s for any age. NIP-11 <c>created_at_lower_limit</c>.</summary>
    public TimeSpan MaxAge { get; set; }

    /// <summary>How far in the future an event may be dated. NIP-11 <c>created_at_upper_limit</c>.</summary>
    public TimeSpan MaxFuture { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>A program that decides, a JSON line an event, as strfry's write policies do; empty for none.</summary>
    public string Program { get; set; } = "";

    /// <summary>What the program is started with.</summary>
    public IList<string> ProgramArguments { get; set; } = [];

    /// <summary>Time in which the program must answer; then the event is refused and the program is started
    /// anew.</summary>
    public TimeSpan ProgramTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (MinPow is < 0 or > 256)
        {
            yield return new OptionProblem(nameof(MinPow), "must be from 0 to 256");
        }

        if (ProgramTimeout <= TimeSpan.Zero || ProgramTimeout > LimitOptions.LongestWait)
        {
            yield return new OptionProblem(nameof(ProgramTimeout), "must be more than zero, and 7d at most");
        }

        foreach ((string name, IList<string> keys) in ((string, IList<string>)[])
            [(nameof(AllowAuthors), AllowAuthors), (nameof(DenyAuthors), DenyAuthors)])
        {
            foreach (string key in keys.Where(static k => !PublicKey.TryParse(k, out _)))
            {
                yield return new OptionProblem(name, $"names '{key}', which is not 64 lower-case hexadecimal digits");
            }
        }
    }
}
