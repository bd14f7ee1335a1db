using System.Globalization;
using System.Net;
using System.Text;

namespace Mortise.Conformance.Reports;

/// <summary>A report for people: one page without anything from elsewhere; what is broken comes first.</summary>
public static class HtmlReport
{
    private const int FewLines = 12;

    /// <summary>The page.</summary>
    public static string Text(ConformanceReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        StringBuilder html = new();
        string name = $"{report.Plugin.Id} {report.Plugin.Version}";
        Begin(html, $"{name}: {report.Conclusion}");
        html.Append(CultureInfo.InvariantCulture, $"<h1>{Encode(name)}</h1>\n");
        html.Append("<p class=\"soft\">Conformance to the storage contracts</p>\n");
        string tone = !report.Conforms ? "bad" : report.IsPartial ? "warn" : "good";
        html.Append(CultureInfo.InvariantCulture, $"<p class=\"conclusion {tone}\">{Sentence(report)}</p>\n");
        html.Append(CultureInfo.InvariantCulture, $"<p>{ReportWords.Counts([.. report.Results])}</p>\n");
        Facts(html, report);
        Cards(html, report, "What is broken", result => !ConformanceReport.IsNoObstacle(result), "");
        Cards(
            html,
            report,
            "Broken, and no obstacle to conforming",
            result => !result.IsGood && ConformanceReport.IsNoObstacle(result),
            " warn-edge");
        foreach (SubjectReport subject in report.Subjects)
        {
            Subject(html, subject);
        }

        End(html);
        return html.ToString();
    }

    internal static void Begin(StringBuilder html, string title) => html.Append(
        CultureInfo.InvariantCulture,
        $"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{Encode(title)}</title>
        <style>
        {HtmlStyle.Sheet}
        </style>
        </head>
        <body>

        """);

    internal static void End(StringBuilder html) => html.Append("</body>\n</html>\n");

    internal static string Encode(string text) => WebUtility.HtmlEncode(text);

    internal static string Tone(LawResult result) => result.Verdict switch
    {
        LawVerdict.Passed or LawVerdict.RefusedCorrectly => "good",
        LawVerdict.Failed when ConformanceReport.IsNoObstacle(result) => "warn",
        LawVerdict.Failed or LawVerdict.Errored => "bad",
        LawVerdict.SkippedByUser or LawVerdict.KnownFailure => "warn",
        _ => "calm",
    };

    private static string Sentence(ConformanceReport report)
    {
        int broken = report.Results.Count(result => !ConformanceReport.IsNoObstacle(result));
        return report switch
        {
            { Subjects.Count: 0 } => "Nothing was checked: it has no component of the contract asked for.",
            { Conforms: false } =>
                $"Does not conform: {broken} "
                    + $"{(broken == 1 ? "law that must hold does not" : "laws that must hold do not")}.",
            { IsPartial: true } => "Partial: what was checked holds, and laws were left out.",
            _ => "Conforms: every law that must hold was seen to hold.",
        };
    }

    private static void Facts(StringBuilder html, ConformanceReport report)
    {
        MachineFacts machine = report.Machine;
        html.Append("<dl class=\"facts\">\n");
        Fact("run again with", $"<code>{Encode(report.Command)}</code>");
        Fact("tier and seed", $"{ReportWords.Lower(report.Tier.ToString())}, {report.Seed}");
        Fact(
            "run",
            $"{report.Began.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC, "
            + $"{ReportWords.Time(report.Duration)}, {ReportWords.Time(report.ProcessorTime)} of processor time");
        Fact("kit", $"Mortise.Conformance {Encode(report.KitVersion)}");
        Fact("asks for contract", Encode(report.Plugin.Contract));
        Fact("plugin files, SHA-256", $"<code>{Encode(report.Plugin.Sha256)}</code>");
        Fact(
            "machine",
            Encode($"{machine.System}, {machine.Architecture}, {machine.Processors} processors, {machine.Runtime}"));
        html.Append("</dl>\n");

        void Fact(string name, string value) =>
            html.Append(CultureInfo.InvariantCulture, $"<dt>{name}</dt><dd>{value}</dd>\n");
    }

    private static void Cards(
        StringBuilder html, ConformanceReport report, string title, Predicate<LawResult> wanted, string edge)
    {
        LawResult[] results = [.. report.Results.Where(result => wanted(result))];
        if (results.Length == 0)
        {
            return;
        }

        html.Append(CultureInfo.InvariantCulture, $"<h2>{title}</h2>\n");
        if (results.Length > 1)
        {
            html.Append(
                "<p>Laws that are broken together often are for one reason. Begin with the one whose story is the "
                + "shortest, mend it, and run again.</p>\n");
        }

        foreach (LawResult result in results)
        {
            Card(html, report, result, edge, isFirst: result == results[0]);
        }
    }

    private static void Card(
        StringBuilder html, ConformanceReport report, LawResult result, string edge, bool isFirst)
    {
        Law law = result.Law;
        string kind = Encode(
            $"{result.Subject} · {ReportWords.Of(law.Contract)}, {law.Group} · {ReportWords.Of(law.Level)}");
        html.Append(
            CultureInfo.InvariantCulture,
            $"""
            <section class="card{edge}" id="{Anchor(result)}">
            <h3>{Encode(law.Id)} · {Encode(law.Text)}</h3>
            <p class="soft">{kind} · <span class="{Tone(result)}">{ReportWords.Of(result.Verdict)}</span></p>
            <p class="label">Found</p>
            <p class="finding">{Encode(result.Finding)}</p>

            """);
        if (result.Script.Count > 0)
        {
            html.Append("<p class=\"label\">The shortest list of operations that shows it</p>\n<pre>");
            html.AppendJoin('\n', result.Script.Select((operation, i) => Encode($"{i + 1,2}  {operation}")));
            html.Append("</pre>\n");
        }

        Fold(html, "What happened on the simulated disk, last operations", result.Transcript, isFirst);
        Fold(html, "What was thrown", result.Cause.Length == 0 ? [] : result.Cause.Split('\n'), isFirst);
        html.Append(
            CultureInfo.InvariantCulture,
            $"<p class=\"label\">This law alone</p>\n<pre>{Encode($"{report.Command} --law {law.Id}")}</pre>\n"
            + $"</section>\n");
    }

    private static void Fold(StringBuilder html, string title, IReadOnlyList<string> lines, bool isOpen)
    {
        if (lines.Count > 0)
        {
            // What fits on a screen is read at once.
            string open = isOpen || lines.Count <= FewLines ? " open" : "";
            html.Append(
                CultureInfo.InvariantCulture,
                $"<details{open}><summary>{title}</summary>\n"
                + $"<pre>{Encode(string.Join('\n', lines))}</pre></details>\n");
        }
    }

    private static void Subject(StringBuilder html, SubjectReport subject)
    {
        html.Append(CultureInfo.InvariantCulture, $"<h2>{Encode(subject.Component)}</h2>\n");
        html.Append(
            CultureInfo.InvariantCulture, $"<p>{Encode(subject.Summary)}</p>\n<dl class=\"facts\">\n");
        Fact("contract", ReportWords.Of(subject.Contract));
        Fact("format", subject.Format.Length == 0 ? "no files" : subject.Format);
        Fact("offers", subject.Offers.Length == 0 ? "nothing beyond the contract" : subject.Offers);
        Fact("options", subject.Options.Count == 0 ? "none" : string.Join(", ", subject.Options));
        html.Append("</dl>\n<table class=\"laws\">\n<thead><tr><th>Law</th><th>Verdict</th><th>Text</th>"
            + "<th>Time</th></tr></thead>\n<tbody>\n");
        foreach (LawResult result in subject.Results)
        {
            string verdict = result.IsGood
                ? ReportWords.Of(result.Verdict)
                : $"<a href=\"#{Anchor(result)}\">{ReportWords.Of(result.Verdict)}</a>";
            string why = result.IsGood && result.Finding.Length > 0
                ? $"<span class=\"why\">{Encode(result.Finding)}</span>"
                : "";
            string level = result.Law.Level == LawLevel.Must ? "" : $" ({ReportWords.Of(result.Law.Level)})";
            html.Append(
                CultureInfo.InvariantCulture,
                $"<tr><td class=\"id\">{result.Law.Id}</td><td class=\"verdict {Tone(result)}\">{verdict}</td>"
                + $"<td class=\"text\">{Encode(result.Law.Text)}{level}{why}</td>"
                + $"<td class=\"time soft\">{ReportWords.Time(result.Duration)}</td></tr>\n");
        }

        html.Append("</tbody>\n</table>\n");

        void Fact(string name, string value) =>
            html.Append(CultureInfo.InvariantCulture, $"<dt>{name}</dt><dd>{Encode(value)}</dd>\n");
    }

    private static string Anchor(LawResult result) => Encode($"{result.Subject}-{result.Law.Id}");
}
