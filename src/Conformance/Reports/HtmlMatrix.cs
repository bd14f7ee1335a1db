using System.Globalization;
using System.Text;

namespace Mortise.Conformance.Reports;

/// <summary>One page: many plugins by all laws.</summary>
public static class HtmlMatrix
{
    /// <summary>The page.</summary>
    /// <param name="reports">One for each plugin.</param>
    public static string Text(IReadOnlyCollection<ConformanceReport> reports)
    {
        ArgumentNullException.ThrowIfNull(reports);
        StringBuilder html = new();
        HtmlReport.Begin(html, "Conformance matrix");
        html.Append("<h1>All plugins by all laws</h1>\n");
        if (reports.FirstOrDefault() is { } first)
        {
            html.Append(
                CultureInfo.InvariantCulture,
                $"<p class=\"soft\">Mortise.Conformance {HtmlReport.Encode(first.KitVersion)}, "
                + $"tier {ReportWords.Lower(first.Tier.ToString())}, seed {first.Seed}, "
                + $"{first.Began.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}</p>\n");
        }

        html.Append(
            "<div class=\"scroll\"><table><thead><tr><th>Plugin</th><th>Conclusion</th><th>Laws</th>"
            + "<th>Processor time</th></tr></thead><tbody>\n");
        foreach (ConformanceReport report in reports)
        {
            string tone = !report.Conforms ? "bad" : report.IsPartial ? "warn" : "good";
            html.Append(
                CultureInfo.InvariantCulture,
                $"<tr><td class=\"id\">{HtmlReport.Encode(report.Plugin.Id)} {HtmlReport.Encode(report.Plugin.Version)}"
                + $"</td><td class=\"verdict {tone}\">{report.Conclusion}</td>"
                + $"<td>{ReportWords.Counts([.. report.Results])}</td>"
                + $"<td>{ReportWords.Time(report.ProcessorTime)}</td></tr>\n");
        }

        html.Append(
            "</tbody></table></div>\n<p class=\"soft\">✓ passed, ○ refused correctly, – not applicable, ✗ failed, "
            + "! errored, s skipped, k known failure</p>\n");
        foreach (IGrouping<LawContract, SubjectReport> contract in reports.SelectMany(report => report.Subjects)
            .GroupBy(subject => subject.Contract).OrderBy(group => group.Key))
        {
            Contract(html, contract.Key, [.. contract]);
        }

        HtmlReport.End(html);
        return html.ToString();
    }

    private static void Contract(StringBuilder html, LawContract contract, SubjectReport[] subjects)
    {
        html.Append(
            CultureInfo.InvariantCulture,
            $"<h2>{char.ToUpperInvariant(ReportWords.Of(contract)[0])}{ReportWords.Of(contract)[1..]}</h2>\n"
            + $"<div class=\"scroll\"><table class=\"matrix\">\n<thead><tr><th>Law</th><th>Text</th>");
        foreach (SubjectReport subject in subjects)
        {
            html.Append(
                CultureInfo.InvariantCulture, $"<th class=\"cell\">{HtmlReport.Encode(subject.Component)}</th>");
        }

        html.Append("</tr></thead>\n<tbody>\n");
        foreach (Law law in subjects[0].Results.Select(result => result.Law))
        {
            html.Append(
                CultureInfo.InvariantCulture,
                $"<tr><td class=\"id\">{law.Id}</td><td class=\"law\">{HtmlReport.Encode(law.Text)}</td>");
            foreach (SubjectReport subject in subjects)
            {
                LawResult? result = subject.Results.FirstOrDefault(each => each.Law.Id == law.Id);
                html.Append(
                    CultureInfo.InvariantCulture,
                    $"<td class=\"cell {(result is null ? "" : HtmlReport.Tone(result))}\" "
                    + $"title=\"{(result is null ? "" : ReportWords.Of(result.Verdict))}\">{Sign(result)}</td>");
            }

            html.Append("</tr>\n");
        }

        html.Append("</tbody></table></div>\n");
    }

    private static string Sign(LawResult? result) => result?.Verdict switch
    {
        LawVerdict.Passed => "✓",
        LawVerdict.RefusedCorrectly => "○",
        LawVerdict.Failed => "✗",
        LawVerdict.Errored => "!",
        LawVerdict.SkippedByUser => "s",
        LawVerdict.KnownFailure => "k",
        LawVerdict.NotApplicable => "–",
        _ => "",
    };
}
