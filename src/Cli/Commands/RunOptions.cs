using System.CommandLine;
using Mortise.Conformance;

namespace Mortise.Cli.Commands;

/// <summary>The options of every command that checks laws.</summary>
internal sealed class RunOptions
{
    private readonly Option<LawTier> _tier = new("--tier")
    {
        Description = "How much to try: smoke (seconds), standard (minutes) or soak (hours).",
        HelpName = "TIER",
        DefaultValueFactory = static _ => LawTier.Standard,
    };

    private readonly Option<ulong> _seed = new("--seed")
    {
        Description = "Decides everything that is left to chance.",
        HelpName = "S",
        DefaultValueFactory = static _ => 1,
    };

    private readonly Option<int> _jobs = new("--jobs")
    {
        Description = "How many processes check at the same time. Without it: as many as there are processors.",
        HelpName = "N",
        DefaultValueFactory = static _ => Environment.ProcessorCount,
    };

    private readonly Option<string> _out = new("--out")
    {
        Description = "Where reports are written. Without it: the directory conformance.",
        HelpName = "DIR",
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_tier, _seed, _jobs, _out])
        {
            command.Add(option);
        }
    }

    /// <summary>How much to try.</summary>
    public LawTier Tier(ParseResult arguments) => arguments.GetValue(_tier);

    /// <summary>The seed.</summary>
    public ulong Seed(ParseResult arguments) => arguments.GetValue(_seed);

    /// <summary>How many processes.</summary>
    public int Jobs(ParseResult arguments) => arguments.GetValue(_jobs) is var jobs and > 0
        ? jobs
        : throw new BadInputException($"--jobs {arguments.GetValue(_jobs)}: must be 1 or more");

    /// <summary>Where reports go, or null.</summary>
    public string? Out(ParseResult arguments) => arguments.GetValue(_out);
}
