using System.Text.Json;

namespace Mortise.Conformance.Reports;

/// <summary>A report for programs. The shape has a version; keys are only ever added within it.</summary>
public static class JsonReport
{
    /// <summary>The version of the shape.</summary>
    public const int Version = 1;

    /// <summary>Writes it.</summary>
    public static void Write(ConformanceReport report, Stream to)
    {
        ArgumentNullException.ThrowIfNull(report);
        using Utf8JsonWriter json = new(to, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteNumber("reportVersion", Version);
        json.WriteString("conclusion", report.Conclusion);
        json.WriteBoolean("conforms", report.Conforms);
        json.WriteBoolean("partial", report.IsPartial);
        json.WriteString("kitVersion", report.KitVersion);
        json.WriteString("tier", ReportWords.Lower(report.Tier.ToString()));
        json.WriteNumber("seed", report.Seed);
        json.WriteString("began", report.Began);
        json.WriteNumber("seconds", Math.Round(report.Duration.TotalSeconds, 3));
        json.WriteNumber("processorSeconds", Math.Round(report.ProcessorTime.TotalSeconds, 3));
        json.WriteString("command", report.Command);
        json.WriteStartObject("plugin");
        json.WriteString("id", report.Plugin.Id);
        json.WriteString("version", report.Plugin.Version);
        json.WriteString("contract", report.Plugin.Contract);
        json.WriteString("sha256", report.Plugin.Sha256);
        json.WriteNumber("bytes", report.Plugin.Bytes);
        json.WriteEndObject();
        json.WriteStartObject("machine");
        json.WriteString("system", report.Machine.System);
        json.WriteString("architecture", report.Machine.Architecture);
        json.WriteNumber("processors", report.Machine.Processors);
        json.WriteString("runtime", report.Machine.Runtime);
        json.WriteNumber("factor", Math.Round(report.Machine.Factor, 2));
        json.WriteEndObject();
        json.WriteStartArray("components");
        foreach (SubjectReport subject in report.Subjects)
        {
            WriteSubject(json, subject);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Writes laws without verdicts.</summary>
    public static void WriteLaws(IEnumerable<Law> laws, Stream to)
    {
        ArgumentNullException.ThrowIfNull(laws);
        using Utf8JsonWriter json = new(to, new JsonWriterOptions { Indented = true });
        json.WriteStartArray();
        foreach (Law law in laws)
        {
            json.WriteStartObject();
            WriteLaw(json, law);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteSubject(Utf8JsonWriter json, SubjectReport subject)
    {
        json.WriteStartObject();
        json.WriteString("component", subject.Component);
        json.WriteString("contract", ReportWords.Key(subject.Contract));
        json.WriteString("format", subject.Format);
        json.WriteString("offers", subject.Offers);
        Lines(json, "options", subject.Options);
        json.WriteStartArray("laws");
        foreach (LawResult result in subject.Results)
        {
            json.WriteStartObject();
            WriteLaw(json, result.Law);
            json.WriteString("verdict", ReportWords.Of(result.Verdict));
            json.WriteNumber("seconds", Math.Round(result.Duration.TotalSeconds, 3));
            json.WriteString("finding", result.Finding);
            Lines(json, "script", result.Script);
            Lines(json, "transcript", result.Transcript);
            json.WriteString("cause", result.Cause);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteLaw(Utf8JsonWriter json, Law law)
    {
        json.WriteString("law", law.Id);
        json.WriteString("of", ReportWords.Key(law.Contract));
        json.WriteString("group", law.Group);
        json.WriteString("level", ReportWords.Of(law.Level));
        json.WriteString("text", law.Text);
        json.WriteString("needs", law.Needs == LawNeeds.None ? "" : law.Needs.ToString());
        json.WriteString("without", law.Without == LawNeeds.None ? "" : law.Without.ToString());
        json.WriteString("since", law.Since);
    }

    private static void Lines(Utf8JsonWriter json, string name, IReadOnlyList<string> lines)
    {
        json.WriteStartArray(name);
        foreach (string line in lines)
        {
            json.WriteStringValue(line);
        }

        json.WriteEndArray();
    }
}
