namespace Mortise.Cli.Import;

/// <summary>Tells a person which lines were refused: the first ones each, then how many more.</summary>
internal sealed class RejectionReport(TextWriter to)
{
    /// <summary>The most lines that are named.</summary>
    public const int MaxNamed = 20;

    private long _count;

    /// <summary>Notes a refused line.</summary>
    public void Add(string input, in ParsedLine line)
    {
        if (++_count <= MaxNamed)
        {
            to.WriteLine($"{input}:{line.Number}: {line.Reason}{(line.Detail is null ? "" : $": {line.Detail}")}");
        }
    }

    /// <summary>Says how many were not named.</summary>
    public void Finish()
    {
        if (_count > MaxNamed)
        {
            to.WriteLine($"... and {Words.Count(_count - MaxNamed)} more lines were refused");
        }
    }
}
