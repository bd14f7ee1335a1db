using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Mortise.Bench.Compare;

/// <summary>An engine under measurement: a program that is run anew for every round.</summary>
internal abstract class Subject(string name)
{
    public string Name { get; } = name;

    /// <summary>This project's store.</summary>
    public static Subject Mortise(string root) => new MortiseSubject(Path.Combine(root, "mortise"));

    /// <summary>Runs the engine once on the workload.</summary>
    /// <returns>Metrics; digests as <c>digest:SECTION</c>, in 53 bits.</returns>
    public abstract IEnumerable<(string Metric, double Value)> Measure(
        string workload, string scratch, Settings settings);

    /// <summary>A digest as a number that a double holds exactly.</summary>
    protected static double Digest(string hex) =>
        ulong.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> 11;

    protected static string Run(string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException(
                $"{program} {string.Join(' ', start.ArgumentList)}: exit {process.ExitCode}");
    }

    private sealed class MortiseSubject(string tool) : Subject("mortise")
    {
        public override IEnumerable<(string Metric, double Value)> Measure(
            string workload, string scratch, Settings settings)
        {
            string text = Run(
                tool, "bench", "--json", "--workload", workload,
                "--seconds", settings.Seconds.ToString(CultureInfo.InvariantCulture),
                "--phases", "durable", "relaxed", "commits", "open", "queries");
            JsonElement result = JsonDocument.Parse(text).RootElement;
            foreach (JsonElement ingest in result.GetProperty("ingest").EnumerateArray())
            {
                string mode = ingest.GetProperty("mode").GetString()!;
                yield return (mode, ingest.GetProperty("withCheckpoint").GetDouble());
                if (mode == "durable")
                {
                    yield return ("durable_packed", ingest.GetProperty("withPack").GetDouble());
                    yield return ("durable_half", ingest.GetProperty("secondHalf").GetDouble());
                    yield return ("bytes", ingest.GetProperty("bytesPerEvent").GetDouble());
                }
            }

            yield return ("commit", result.GetProperty("commits")[0].GetProperty("eventsPerSecond").GetDouble());
            JsonElement open = result.GetProperty("opens")[1];
            yield return (
                "open", open.GetProperty("milliseconds").GetDouble() + open.GetProperty("firstQuery").GetDouble());
            foreach (JsonElement query in result.GetProperty("queries").EnumerateArray())
            {
                string section = query.GetProperty("section").GetString()!;
                yield return ("digest:" + section, Digest(query.GetProperty("digest").GetString()!));
                JsonElement one = query.GetProperty("passes")[0];
                yield return (section, one.GetProperty("perCpuSecond").GetDouble());
                yield return (section + "_p50", one.GetProperty("p50").GetDouble());
                yield return (section + "_p99", one.GetProperty("p99").GetDouble());
                yield return (section + "_2", query.GetProperty("passes")[1].GetProperty("perCpuSecond").GetDouble());
            }
        }
    }
}
