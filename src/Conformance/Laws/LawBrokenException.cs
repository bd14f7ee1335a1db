namespace Mortise.Conformance;

/// <summary>A law does not hold.</summary>
/// <param name="message">What was expected and what was found.</param>
/// <param name="inner">What the component threw, or null.</param>
public sealed class LawBrokenException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The shortest list of operations found that breaks the law; empty when the law needs none.</summary>
    public IReadOnlyList<string> Script { get; init; } = [];
}
