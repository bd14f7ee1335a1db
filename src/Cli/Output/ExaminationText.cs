using System.Text.Json;
using Mortise.Components;
using Mortise.Engine;

namespace Mortise.Cli.Output;

/// <summary>Writes what an examination found, for a person or for a program.</summary>
internal static class ExaminationText
{
    private const int MaxShown = 20;

    /// <summary>Writes a report for a person.</summary>
    public static void Write(ExaminationReport report, OutputWriter output)
    {
        output.Line(report.Manifest is { } manifest
            ? $"store {manifest.StoreId}, checkpoint {manifest.CheckpointLsn}"
            : "the manifest is lost");
        foreach (ExaminedPart part in report.Parts)
        {
            WritePart(part, output);
        }

        WriteOpen(report, output);
        if (report.Agreement is { } agreement)
        {
            foreach (FamilyAgreement family in agreement.Families)
            {
                output.Line(
                    $"agreement {family.Family,-18} {Words.Count(family.Entries),12} entries, "
                    + $"{Words.Count(family.Expected)} expected{Tail(family.Problems)}");
                WriteFindings(family.Findings, family.Problems, output);
            }
        }

        if (report.Records is { } records)
        {
            output.Line($"events    {Words.Count(records.Checked)} looked at: record and id{Tail(records.Problems)}");
            WriteFindings(records.Findings, records.Problems, output);
        }

        output.Line(report.IsClean ? "no findings" : $"{Words.Count(Count(report))} findings");
    }

    /// <summary>Writes a report as one JSON object.</summary>
    public static void WriteJson(
        ExaminationReport report, IReadOnlyList<string> repaired, OutputWriter output, QuarantineReport? quarantine = null)
    {
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            if (report.Manifest is { } manifest)
            {
                json.WriteString("store", manifest.StoreId);
                json.WriteNumber("checkpointLsn", manifest.CheckpointLsn);
            }

            json.WriteBoolean("clean", report.IsClean);
            json.WriteNumber("findings", Count(report));
            json.WriteString("openFailure", report.OpenFailure?.Message);
            if (repaired.Count > 0)
            {
                json.WriteStartArray("repaired");
                foreach (string family in repaired)
                {
                    json.WriteStringValue(family);
                }

                json.WriteEndArray();
            }

            if (quarantine is { } done)
            {
                json.WriteStartObject("quarantine");
                json.WriteNumber("filesSetAside", done.Records.FilesSetAside);
                json.WriteNumber("recordsLost", done.Records.RecordsLost);
                json.WriteNumber("bytesLost", done.Records.BytesLost);
                WriteFindings(json, "findings", done.Findings);
                json.WriteEndObject();
            }

            json.WriteStartArray("parts");
            foreach (ExaminedPart part in report.Parts)
            {
                WritePart(json, part);
            }

            json.WriteEndArray();
            WriteAgreement(json, report.Agreement);
            WriteRecords(json, report.Records);
            json.WriteEndObject();
        }

        output.EndLine();
    }

    /// <summary>Writes findings as the array of a property.</summary>
    public static void WriteFindings(Utf8JsonWriter json, string name, IReadOnlyList<Finding> findings)
    {
        json.WriteStartArray(name);
        foreach (Finding finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("code", finding.Code);
            json.WriteString("file", finding.File);
            json.WriteNumber("offset", finding.Offset);
            json.WriteString("message", finding.Message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>Writes the first findings, a line each, and how many more there are.</summary>
    public static void WriteFindings(IReadOnlyList<Finding> findings, long count, OutputWriter output)
    {
        foreach (Finding finding in findings.Take(MaxShown))
        {
            string place = finding.File.Length == 0 ? "" : finding.Offset < 0
                ? $"{finding.File}: "
                : $"{finding.File}, offset {finding.Offset}: ";
            output.Line($"    {finding.Code}: {place}{finding.Message}");
        }

        if (count > MaxShown)
        {
            output.Line($"    ... and {Words.Count(count - MaxShown)} more; --json lists the first hundred");
        }
    }

    private static void WritePart(ExaminedPart part, OutputWriter output)
    {
        string looked = part.Summary is { } summary
            ? $"{summary.Files} files, {Words.Size(summary.Bytes)}, {Words.Count(summary.Items)} items"
            : "its component has no examiner";
        output.Line($"{part.Instance,-28} {looked}{Tail(part.Findings.Count)}");
        foreach (string note in part.Summary?.Notes ?? [])
        {
            output.Line($"    {note}");
        }

        WriteFindings(part.Findings, part.Findings.Count, output);
    }

    private static void WriteOpen(ExaminationReport report, OutputWriter output)
    {
        if (report.OpenFailure is { } failure)
        {
            output.Line($"does not open, or cannot be read whole: {failure.Message}");
        }

        if (report.Open is { } open)
        {
            output.Line(
                $"opening   {(open.WasClean ? "closed in order" : "not closed in order")}, "
                + $"{Words.Count(open.ReplayedCommits)} commits to replay");
            foreach (RebuiltFamily family in open.Rebuilt)
            {
                output.Line($"    would rebuild {family.Family}: {family.Reason}");
            }
        }
    }

    private static string Tail(long problems) => problems == 0 ? "" : $"  ** {Words.Count(problems)} findings";

    private static long Count(ExaminationReport report) =>
        report.Parts.Sum(static p => p.Findings.Count)
        + (report.Agreement?.Families.Sum(static f => f.Problems) ?? 0)
        + (report.Records?.Problems ?? 0)
        + (report.OpenFailure is null ? 0 : 1);

    private static void WritePart(Utf8JsonWriter json, ExaminedPart part)
    {
        json.WriteStartObject();
        json.WriteString("name", part.Instance);
        if (part.Summary is { } summary)
        {
            json.WriteNumber("files", summary.Files);
            json.WriteNumber("bytes", summary.Bytes);
            json.WriteNumber("items", summary.Items);
            json.WriteStartArray("notes");
            foreach (string note in summary.Notes)
            {
                json.WriteStringValue(note);
            }

            json.WriteEndArray();
        }

        WriteFindings(json, "findings", part.Findings);
        json.WriteEndObject();
    }

    private static void WriteAgreement(Utf8JsonWriter json, AgreementReport? agreement)
    {
        json.WriteStartArray("agreement");
        foreach (FamilyAgreement family in agreement?.Families ?? [])
        {
            json.WriteStartObject();
            json.WriteString("family", family.Family);
            json.WriteNumber("entries", family.Entries);
            json.WriteNumber("expected", family.Expected);
            json.WriteNumber("problems", family.Problems);
            WriteFindings(json, "findings", family.Findings);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteRecords(Utf8JsonWriter json, ExaminedRecords? records)
    {
        if (records is null)
        {
            return;
        }

        json.WriteStartObject("events");
        json.WriteNumber("checked", records.Checked);
        json.WriteNumber("problems", records.Problems);
        WriteFindings(json, "findings", records.Findings);
        json.WriteEndObject();
    }
}
