namespace Mortise.Conformance.Reports;

/// <summary>What a run of the laws over a plugin found: the source of every kind of report.</summary>
public sealed class ConformanceReport
{
    /// <summary>The plugin.</summary>
    public required PluginFacts Plugin { get; init; }

    /// <summary>Where it was run.</summary>
    public required MachineFacts Machine { get; init; }

    /// <summary>The version of the laws.</summary>
    public required string KitVersion { get; init; }

    /// <summary>The seed of everything that was left to chance.</summary>
    public required ulong Seed { get; init; }

    /// <summary>How much was tried.</summary>
    public required LawTier Tier { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Began { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>How much processor time the checks took, in all processes.</summary>
    public required TimeSpan ProcessorTime { get; init; }

    /// <summary>The command that runs it again.</summary>
    public required string Command { get; init; }

    /// <summary>The components, each with its verdicts.</summary>
    public required IReadOnlyList<SubjectReport> Subjects { get; init; }

    /// <summary>All verdicts.</summary>
    public IEnumerable<LawResult> Results => Subjects.SelectMany(subject => subject.Results);

    /// <summary>True when the user left laws out, or excused them: such a run certifies nothing.</summary>
    public bool IsPartial =>
        Results.Any(result => result.Verdict is LawVerdict.SkippedByUser or LawVerdict.KnownFailure);

    /// <summary>True when no law that must hold is broken or could not be checked.</summary>
    public bool Conforms => Subjects.Count > 0 && Results.All(IsNoObstacle);

    /// <summary>The whole run in a word or two: <c>conforms</c>, <c>does not conform</c>, or <c>partial</c> when what
    /// was checked is good and not all was checked.</summary>
    public string Conclusion => !Conforms ? "does not conform" : IsPartial ? "partial" : "conforms";

    /// <summary>How many results have a verdict.</summary>
    public int Count(LawVerdict verdict) => Results.Count(result => result.Verdict == verdict);

    /// <summary>True for a result that does not stand in the way of conforming.</summary>
    public static bool IsNoObstacle(LawResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return result.IsGood || (result.Verdict == LawVerdict.Failed && result.Law.Level != LawLevel.Must);
    }
}

/// <summary>The plugin of a report.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Version">Its semantic version.</param>
/// <param name="Contract">The contract versions that it asks for.</param>
/// <param name="Sha256">Over the names and contents of all its files, in lower-case hexadecimal.</param>
/// <param name="Bytes">Size of all its files.</param>
public sealed record PluginFacts(string Id, string Version, string Contract, string Sha256, long Bytes);

/// <summary>The machine of a report.</summary>
/// <param name="System">The operating system.</param>
/// <param name="Architecture">The processor's architecture.</param>
/// <param name="Processors">How many of them the process may use.</param>
/// <param name="Runtime">The .NET runtime.</param>
/// <param name="Factor">How much slower than the kit's own yardstick it is, at least 1; limits scale with it.</param>
public sealed record MachineFacts(string System, string Architecture, int Processors, string Runtime, double Factor);

/// <summary>One component of a report.</summary>
public sealed class SubjectReport
{
    /// <summary>The component's id.</summary>
    public required string Component { get; init; }

    /// <summary>Its contract.</summary>
    public required LawContract Contract { get; init; }

    /// <summary>One line about it, by the plugin.</summary>
    public string Summary { get; init; } = "";

    /// <summary>The name and versions of its file format; empty when it has no files.</summary>
    public string Format { get; init; } = "";

    /// <summary>The options that it was checked with, each <c>name = value</c>.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>What it offers of what laws can need.</summary>
    public string Offers { get; init; } = "";

    /// <summary>One verdict for each law of the contract.</summary>
    public required IReadOnlyList<LawResult> Results { get; init; }
}
