using Mortise.Conformance;
using Mortise.Conformance.Reports;

namespace Mortise.Cli.Output;

/// <summary>A conformance report for a terminal: the counts, and everything about what is broken.</summary>
internal static class ConformanceText
{
    /// <summary>Writes it.</summary>
    public static void Write(ConformanceReport report, OutputWriter output)
    {
        output.Line($"{report.Plugin.Id} {report.Plugin.Version}: {report.Conclusion}");
        foreach (SubjectReport subject in report.Subjects)
        {
            output.Line(
                $"  {subject.Component} ({ReportWords.Of(subject.Contract)}): {ReportWords.Counts(subject.Results)}");
        }

        output.Line(
            $"  tier {Words.OneWord(report.Tier.ToString())}, seed {report.Seed}, {ReportWords.Time(report.Duration)}, "
            + $"{ReportWords.Time(report.ProcessorTime)} of processor time");
        foreach (LawResult result in report.Results.Where(static result => !result.IsGood))
        {
            WriteBroken(report, result, output);
        }
    }

    private static void WriteBroken(ConformanceReport report, LawResult result, OutputWriter output)
    {
        output.EndLine();
        output.Line($"{result.Subject}, {result.Law.Id} ({ReportWords.Of(result.Law.Level)}), "
            + $"{ReportWords.Of(result.Verdict)}");
        output.Line($"  the law: {result.Law.Text}");
        output.Line($"  found:   {result.Finding.ReplaceLineEndings("\n           ")}");
        foreach (string operation in result.Script)
        {
            output.Line($"             {operation}");
        }

        if (result.Cause.Length > 0)
        {
            string[] lines = result.Cause.Split('\n');
            output.Line($"  thrown:  {string.Join("\n           ", lines.Take(6))}");
        }

        output.Line($"  again:   {report.Command} --law {result.Law.Id}");
    }
}
