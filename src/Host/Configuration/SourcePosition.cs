namespace Mortise.Host.Configuration;

/// <summary>Where a value was written.</summary>
/// <param name="Origin">The file as it was named, or another origin such as <c>--set wal.syncMode</c>.</param>
/// <param name="Line">From 1; 0 when the origin has no lines.</param>
/// <param name="Column">From 1; 0 when the origin has no lines.</param>
public readonly record struct SourcePosition(string Origin, int Line = 0, int Column = 0)
{
    /// <summary><c>file:line:column</c>, as editors understand it.</summary>
    public override string ToString() => Line == 0 ? Origin : $"{Origin}:{Line}:{Column}";
}
