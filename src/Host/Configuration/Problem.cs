namespace Mortise.Host.Configuration;

/// <summary>Something wrong with a stack or a manifest.</summary>
/// <param name="Code">What kind of problem, for programs.</param>
/// <param name="At">Where it is.</param>
/// <param name="Message">A lower-case fact, with what was meant and what exists where that helps.</param>
public sealed record Problem(ProblemCode Code, SourcePosition At, string Message)
{
    /// <summary><c>file:line:column: message</c>.</summary>
    public override string ToString() => $"{At}: {Message}";

    /// <summary>Sorts as a person reads: files in the order of their first problem, overrides last, then by
    /// position.</summary>
    public static IReadOnlyList<Problem> Sorted(IEnumerable<Problem> problems)
    {
        var files = new Dictionary<string, int>(StringComparer.Ordinal);
        var all = new List<Problem>();
        foreach (Problem problem in problems)
        {
            // The same fact at the same place is one problem, however many roads led to it.
            if (!all.Contains(problem))
            {
                files.TryAdd(problem.At.Origin, problem.At.Line == 0 ? int.MaxValue : files.Count);
                all.Add(problem);
            }
        }

        return [.. all
            .OrderBy(p => files[p.At.Origin])
            .ThenBy(p => p.At.Line)
            .ThenBy(p => p.At.Column)
            .ThenBy(p => p.At.Origin, StringComparer.Ordinal)];
    }
}
