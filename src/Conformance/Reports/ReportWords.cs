using System.Globalization;
using System.Text;

namespace Mortise.Conformance.Reports;

/// <summary>The words that all reports share.</summary>
public static class ReportWords
{
    /// <summary>A verdict as a person says it.</summary>
    public static string Of(LawVerdict verdict) => verdict switch
    {
        LawVerdict.RefusedCorrectly => "refused correctly",
        LawVerdict.NotApplicable => "not applicable",
        LawVerdict.SkippedByUser => "skipped by the user",
        LawVerdict.KnownFailure => "known failure",
        _ => Lower(verdict.ToString()),
    };

    /// <summary>A contract as a person says it.</summary>
    public static string Of(LawContract contract) => contract switch
    {
        LawContract.RecordStore => "record store",
        LawContract.IndexFamily => "index family",
        LawContract.CachePolicy => "cache policy",
        LawContract.PartitionScheme => "partition scheme",
        LawContract.TermProjection => "term projection",
        _ => "log",
    };

    /// <summary>A contract as the command line names it: <c>log</c>, <c>records</c>, <c>index</c>, <c>cache</c>,
    /// <c>partition</c>, <c>terms</c>.</summary>
    public static string Key(LawContract contract) => contract switch
    {
        LawContract.RecordStore => "records",
        LawContract.IndexFamily => "index",
        LawContract.CachePolicy => "cache",
        LawContract.PartitionScheme => "partition",
        LawContract.TermProjection => "terms",
        _ => "log",
    };

    /// <summary>What a component offers, as a person says it: <c>persistence, examiner</c>.</summary>
    public static string Of(LawNeeds needs) => string.Join(
        ", ", needs.ToString().Split(", ").Select(Lower));

    /// <summary>A level as the laws say it.</summary>
    public static string Of(LawLevel level) => level switch
    {
        LawLevel.Must => "MUST",
        LawLevel.Should => "SHOULD",
        _ => "PERF",
    };

    /// <summary>The counts of a run: <c>40 laws: 38 passed, 2 failed</c>.</summary>
    public static string Counts(IReadOnlyCollection<LawResult> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{results.Count} laws");
        string separator = ": ";
        foreach (LawVerdict verdict in Enum.GetValues<LawVerdict>())
        {
            int count = results.Count(result => result.Verdict == verdict);
            if (count > 0)
            {
                text.Append(separator).Append(CultureInfo.InvariantCulture, $"{count} {Of(verdict)}");
                separator = ", ";
            }
        }

        return text.ToString();
    }

    /// <summary>A time in the unit that keeps it short.</summary>
    public static string Time(TimeSpan time) => time.TotalSeconds < 1
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");

    internal static string Lower(string text) => string.Concat(
        text.Select((c, i) => char.IsUpper(c) ? (i > 0 ? " " : "") + char.ToLowerInvariant(c) : c.ToString()));
}
