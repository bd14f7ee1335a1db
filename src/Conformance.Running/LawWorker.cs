using Mortise.Conformance.Reports;

namespace Mortise.Conformance.Running;

/// <summary>The process that checks laws for another one.</summary>
/// <remarks>It reads one order from its input and writes a line when it begins a law and a line with the verdict. It
/// knows no time limit: the process that started it watches.</remarks>
public static class LawWorker
{
    /// <summary>Checks what is ordered.</summary>
    /// <param name="input">The order, as one line.</param>
    /// <param name="output">Receives the lines; nobody else may write to it.</param>
    public static void Run(TextReader input, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(output);
        WorkOrder order = WorkJson.ReadOrder(input.ReadLine() ?? "");
        PluginUnderTest plugin = PluginUnderTest.Load(order.Folder, order.Settings);
        SubjectLaws subject = plugin.Catalog.Subjects.First(each => each.Name == order.Component);
        LawSettings settings = new() { Tier = order.Tier, Seed = order.Seed, HangLimit = Timeout.InfiniteTimeSpan };
        string offers = Offers(subject);
        foreach (string law in order.Laws)
        {
            Say(new WorkLine { Law = law });
            LawResult result = subject.Check(law, settings);
            Say(new WorkLine
            {
                Law = law,
                Verdict = result.Verdict,
                Finding = result.Finding,
                Script = result.Script,
                Transcript = result.Transcript,
                Cause = result.Cause,
                Seconds = result.Duration.TotalSeconds,
                ProcessorSeconds = Environment.CpuUsage.TotalTime.TotalSeconds,
                Offers = offers,
            });
        }

        void Say(WorkLine line)
        {
            output.WriteLine(WorkJson.Write(line));
            output.Flush();
        }
    }

    private static string Offers(SubjectLaws subject)
    {
        try
        {
            LawNeeds offers = subject.Offers();
            return offers == LawNeeds.None ? "" : ReportWords.Of(offers);
        }
#pragma warning disable CA1031 // That it does not open is each law's own verdict.
        catch (Exception)
#pragma warning restore CA1031
        {
            return "";
        }
    }
}
