using Mortise.Plugins;

namespace Mortise.Reference;

/// <summary>Options of <see cref="SinglePartition"/>.</summary>
public sealed class SinglePartitionOptions : IValidatedOptions
{
    private const int MaxNameLength = 64;

    /// <summary>The one partition's name, which is its folder's: 1 to 64 of a to z, 0 to 9.</summary>
    public string Name { get; set; } = "all";

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Name.Length is 0 or > MaxNameLength
            || !Name.All(static c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9')))
        {
            yield return new OptionProblem(nameof(Name), "must be 1 to 64 of a to z, 0 to 9");
        }
    }
}
