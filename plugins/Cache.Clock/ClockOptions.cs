using Mortise.Plugins;

namespace Mortise.Cache.Clock;

/// <summary>Options of <c>mortise.cache.clock</c>.</summary>
public sealed class ClockOptions : IValidatedOptions
{
    /// <summary>The most items that may be resident beside the byte capacity, 0 and up; 0 for no such bound.</summary>
    public int MaxCount { get; set; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (MaxCount < 0)
        {
            yield return new OptionProblem(nameof(MaxCount), "must be 0 (no bound) or more");
        }
    }
}
