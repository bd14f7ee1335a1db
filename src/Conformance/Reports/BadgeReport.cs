using System.Globalization;
using System.Security;

namespace Mortise.Conformance.Reports;

/// <summary>A small picture for a README: the tier, and how many laws hold.</summary>
public static class BadgeReport
{
    // Width of a character of 11 px Verdana, on average, rounded up: the text must not touch the edge.
    private const int CharacterWidth = 7;
    private const int Padding = 6;

    /// <summary>The badge as SVG.</summary>
    public static string Text(ConformanceReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        int laws = report.Results.Count(result =>
            result.Verdict is not (LawVerdict.NotApplicable or LawVerdict.SkippedByUser or LawVerdict.KnownFailure));
        int good = report.Count(LawVerdict.Passed) + report.Count(LawVerdict.RefusedCorrectly);
        string left = $"mortise {ReportWords.Lower(report.Tier.ToString())}";
        string right = string.Create(
            CultureInfo.InvariantCulture, $"{good}/{laws} laws{(report.IsPartial ? ", partial" : "")}");
        string color = !report.Conforms ? "#c0392b" : report.IsPartial ? "#8a6d1a" : "#2c7a3f";
        int leftWidth = Width(left);
        int rightWidth = Width(right);
        string title = SecurityElement.Escape(
            $"{report.Plugin.Id} {report.Plugin.Version}: {report.Conclusion}, {good} of {laws} laws");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{leftWidth + rightWidth}" height="20"
              role="img" aria-label="{title}">
              <title>{title}</title>
              <rect width="{leftWidth}" height="20" fill="#444"/>
              <rect x="{leftWidth}" width="{rightWidth}" height="20" fill="{color}"/>
              <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
                <text x="{leftWidth / 2}" y="14">{left}</text>
                <text x="{leftWidth + rightWidth / 2}" y="14">{right}</text>
              </g>
            </svg>

            """);
    }

    private static int Width(string text) => 2 * Padding + CharacterWidth * text.Length;
}
