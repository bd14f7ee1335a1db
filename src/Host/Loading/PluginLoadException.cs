using Mortise.Host.Configuration;

namespace Mortise.Host.Loading;

/// <summary>A plugin was found and is not loaded.</summary>
/// <param name="problems">Every reason; at least one.</param>
/// <param name="inner">The cause, or null.</param>
public sealed class PluginLoadException(IReadOnlyList<Problem> problems, Exception? inner = null)
    : Exception(string.Join(Environment.NewLine, problems), inner)
{
    /// <summary>Every reason.</summary>
    public IReadOnlyList<Problem> Problems { get; } = problems;
}
