using Mortise.Plugins;

namespace Mortise.Search.Words;

/// <summary>Which texts are indexed, and which words of them.</summary>
public sealed class WordsOptions : IValidatedOptions
{
    /// <summary>The fields whose words are indexed, by the names that the domain gives them; of each the first
    /// value.</summary>
    public IList<string> Fields { get; set; } = ["content", "#title", "#subject", "#summary"];

    /// <summary>Kinds of records that have no words: what they hold is encrypted.</summary>
    public IList<int> ExceptKinds { get; set; } = [4, 13, 1059];

    /// <summary>Words of fewer characters are left out, of texts and of searches.</summary>
    public int MinCharacters { get; set; } = 1;

    /// <summary>The most words of one record, repeated ones counted; further ones are not found.</summary>
    public int MaxWords { get; set; } = 4096;

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Fields.Count is < 1 or > 16)
        {
            yield return new OptionProblem(nameof(Fields), "must be 1 to 16 names");
        }

        if (MinCharacters is < 1 or > 16)
        {
            yield return new OptionProblem(nameof(MinCharacters), "must be 1 to 16");
        }

        if (MaxWords is < 1 or > 65536)
        {
            yield return new OptionProblem(nameof(MaxWords), "must be 1 to 65536");
        }
    }
}
