using System.Globalization;
using Mortise.Engine;

namespace Mortise.Cli.Output;

/// <summary>Says on standard error what a long opening is at: a line after the first second, one every few seconds
/// after it, and one at the end. An opening of less than a second says nothing.</summary>
internal sealed class OpeningLines(TextWriter error) : IStoreListener
{
    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(3);

    private TimeSpan _next = s_first;

    /// <inheritdoc/>
    public void OnOpening(OpeningProgress progress)
    {
        if (progress.Elapsed >= _next)
        {
            _next = progress.Elapsed + s_pause;
            error.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"opening: {Doing(progress.Phase)}{Share(progress)}, {progress.Elapsed.TotalSeconds:F1} s so far"));
        }
    }

    /// <inheritdoc/>
    public void OnOpened(OpenReport report)
    {
        if (report.Duration >= s_first)
        {
            error.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"opened in {report.Duration.TotalSeconds:F1} s: {Words.Count(report.ReplayedCommits)} commits "
                + $"replayed, {Words.Count(report.Rebuilt.Count)} index families rebuilt"));
        }
    }

    private static string Doing(OpeningPhase phase) => phase switch
    {
        OpeningPhase.Log => "looking for the end of the log",
        OpeningPhase.Records => "opening the records",
        OpeningPhase.Families => "opening the index families",
        OpeningPhase.Replay => "replaying the log",
        _ => "rebuilding index families",
    };

    private static string Share(in OpeningProgress progress)
    {
        if (progress.Total == 0)
        {
            return "";
        }

        string unit = progress.Phase == OpeningPhase.Replay ? "commits" : "records";
        return string.Create(
            CultureInfo.InvariantCulture,
            $", {Words.Count(progress.Done)} of {Words.Count(progress.Total)} {unit} "
                + $"({100.0 * progress.Done / progress.Total:F0} %)");
    }
}
