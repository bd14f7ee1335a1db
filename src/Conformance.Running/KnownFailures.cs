using System.Globalization;

namespace Mortise.Conformance.Running;

/// <summary>Laws that a plugin is known to break, each with a reason and a day on which that stops being an
/// excuse.</summary>
/// <remarks>A file of lines <c>COMPONENT LAW YYYY-MM-DD REASON</c>; empty lines and those that begin with '#' say
/// nothing. A listed law that holds after all is a failure, so that no list outlives its reasons.</remarks>
public sealed class KnownFailures
{
    private readonly List<Entry> _entries;

    private KnownFailures(List<Entry> entries) => _entries = entries;

    /// <summary>None.</summary>
    public static KnownFailures None { get; } = new([]);

    /// <summary>Reads a list.</summary>
    /// <param name="name">The file's name, for errors.</param>
    /// <param name="lines">Its lines.</param>
    /// <exception cref="FormatException">A line is none of the list's; it is named.</exception>
    public static KnownFailures Parse(string name, IEnumerable<string> lines)
    {
        ArgumentNullException.ThrowIfNull(lines);
        var entries = new List<Entry>();
        int number = 0;
        foreach (string line in lines)
        {
            number++;
            if (string.IsNullOrWhiteSpace(line) || line.StartsWith('#'))
            {
                continue;
            }

            string[] parts = line.Split(' ', 4, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (parts.Length < 4 || !DateOnly.TryParseExact(
                parts[2], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly until))
            {
                throw new FormatException(
                    $"{name}:{number}: '{line}' is not of the form COMPONENT LAW YYYY-MM-DD REASON");
            }

            entries.Add(new Entry($"{name}:{number}", parts[0], parts[1], until, parts[3]));
        }

        return new KnownFailures(entries);
    }

    /// <summary>Refuses entries that are about nothing that is checked.</summary>
    internal void RequireAbout(IReadOnlyCollection<SubjectLaws> subjects)
    {
        foreach (Entry entry in _entries)
        {
            SubjectLaws? about = subjects.FirstOrDefault(subject => subject.Name == entry.Component);
            if (about is null || !about.Laws.Any(law => law.Id == entry.Law))
            {
                throw new FormatException($"{entry.At}: {entry.Component} has no law {entry.Law} that is checked here");
            }
        }
    }

    /// <summary>A verdict, in the light of the list.</summary>
    /// <param name="result">What was found.</param>
    /// <param name="today">The day of the run.</param>
    internal LawResult Judge(LawResult result, DateOnly today)
    {
        Entry? entry = _entries.Find(each => each.Component == result.Subject && each.Law == result.Law.Id);
        if (entry is null || result.Verdict is LawVerdict.SkippedByUser)
        {
            return result;
        }

        string until = entry.Until.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        if (result.IsGood)
        {
            return With(
                result,
                LawVerdict.Failed,
                $"{entry.At} lists it as a known failure ({entry.Reason}), and it holds: take the line away");
        }

        return today > entry.Until
            ? With(
                result, result.Verdict, $"{result.Finding}\n{entry.At} excused it until {until} ({entry.Reason})")
            : With(result, LawVerdict.KnownFailure, $"known until {until}, {entry.Reason}: {result.Finding}");
    }

    private static LawResult With(LawResult result, LawVerdict verdict, string finding) => new()
    {
        Law = result.Law,
        Subject = result.Subject,
        Verdict = verdict,
        Finding = finding,
        Script = result.Script,
        Transcript = result.Transcript,
        Cause = result.Cause,
        Seed = result.Seed,
        Tier = result.Tier,
        Duration = result.Duration,
    };

    private sealed record Entry(string At, string Component, string Law, DateOnly Until, string Reason);
}
