namespace Mortise.Conformance;

/// <summary>Makes results of laws that were not checked where they are made.</summary>
public static class LawResults
{
    /// <summary>A law that the user left out.</summary>
    /// <param name="law">The law.</param>
    /// <param name="subject">The subject's name.</param>
    /// <param name="settings">How the others are checked.</param>
    public static LawResult Skipped(Law law, string subject, LawSettings settings) =>
        Of(law, subject, settings, LawVerdict.SkippedByUser, "left out by the user");

    /// <summary>A law that was judged from outside the process that checked it.</summary>
    /// <param name="law">The law.</param>
    /// <param name="subject">The subject's name.</param>
    /// <param name="settings">How it was to be checked.</param>
    /// <param name="verdict">The verdict.</param>
    /// <param name="finding">Why.</param>
    /// <param name="cause">What the process wrote last; empty for nothing.</param>
    public static LawResult Of(
        Law law, string subject, LawSettings settings, LawVerdict verdict, string finding, string cause = "")
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new LawResult
        {
            Law = law,
            Subject = subject,
            Verdict = verdict,
            Finding = finding,
            Cause = cause,
            Seed = settings.Seed,
            Tier = settings.Tier,
        };
    }
}
