using System.Globalization;
using System.Xml;

namespace Mortise.Conformance.Reports;

/// <summary>A report for build servers: one test suite for each component, one test case for each law.</summary>
public static class JUnitReport
{
    /// <summary>Writes it.</summary>
    public static void Write(ConformanceReport report, Stream to)
    {
        ArgumentNullException.ThrowIfNull(report);
        using XmlWriter xml = XmlWriter.Create(to, new XmlWriterSettings { Indent = true, CheckCharacters = false });
        xml.WriteStartElement("testsuites");
        xml.WriteAttributeString("name", $"{report.Plugin.Id} {report.Plugin.Version}");
        foreach (SubjectReport subject in report.Subjects)
        {
            xml.WriteStartElement("testsuite");
            xml.WriteAttributeString("name", subject.Component);
            Number(xml, "tests", subject.Results.Count);
            Number(xml, "failures", subject.Results.Count(result => result.Verdict == LawVerdict.Failed));
            Number(xml, "errors", subject.Results.Count(result => result.Verdict == LawVerdict.Errored));
            Number(xml, "skipped", subject.Results.Count(IsSkipped));
            xml.WriteAttributeString("time", Seconds(subject.Results.Aggregate(
                TimeSpan.Zero, (sum, result) => sum + result.Duration)));
            foreach (LawResult result in subject.Results)
            {
                WriteCase(xml, subject, result);
            }

            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static void WriteCase(XmlWriter xml, SubjectReport subject, LawResult result)
    {
        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("classname", $"{subject.Component}.{result.Law.Group}");
        xml.WriteAttributeString("name", Clean(result.Law.ToString()));
        xml.WriteAttributeString("time", Seconds(result.Duration));
        if (result.Verdict is LawVerdict.Failed or LawVerdict.Errored)
        {
            xml.WriteStartElement(result.Verdict == LawVerdict.Failed ? "failure" : "error");
            xml.WriteAttributeString("message", Clean(result.Finding));
            xml.WriteString(Clean(string.Join(
                '\n', [result.Detail, "", .. result.Transcript, "", result.Cause, result.Reproduction])));
            xml.WriteEndElement();
        }
        else if (IsSkipped(result))
        {
            xml.WriteStartElement("skipped");
            xml.WriteAttributeString("message", Clean($"{ReportWords.Of(result.Verdict)}: {result.Finding}"));
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static bool IsSkipped(LawResult result) =>
        result.Verdict is LawVerdict.NotApplicable or LawVerdict.SkippedByUser or LawVerdict.KnownFailure;

    private static void Number(XmlWriter xml, string name, int value) =>
        xml.WriteAttributeString(name, value.ToString(CultureInfo.InvariantCulture));

    private static string Seconds(TimeSpan time) =>
        time.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);

    // A component's message may have any characters; XML may not.
    private static string Clean(string text) =>
        string.Concat(text.Select(c => XmlConvert.IsXmlChar(c) ? c : '\uFFFD'));
}
